import { LambdaClient } from "@aws-sdk/client-lambda";

/** Limits a call to a service that never replies to 17 seconds. The run retries it after a wait that costs no compute. */
export const AWS_CLIENT_SETTINGS = {
	maxAttempts: 3,
	// The socket's own timer, which does not depend on the process's clock.
	requestHandler: { connectionTimeout: 2_000, socketTimeout: 5_000 },
} as const;

/** Milliseconds, as the durable SDK sets them for its own client. */
const SDK_TIMEOUTS = {
	connectionTimeout: 5_000,
	socketTimeout: 50_000,
	requestTimeout: 55_000,
	throwOnRequestTimeout: true,
} as const;

const STALE_TOKEN = /^invalid checkpoint token/i;
const SDK_MESSAGE = "Invalid Checkpoint Token";

/**
 * The client that the durable SDK writes checkpoints with. A checkpoint token that another invocation has used must end the
 * invocation, not the run. The SDK (2.4.0) compares the error's message with another spelling than Lambda's, and would end
 * the run as failed. So the message is changed to the spelling that the SDK expects.
 *
 * @see aws-durable-execution-sdk-js, issue 917
 */
export function createDurableClient(): LambdaClient {
	const client = new LambdaClient({ requestHandler: SDK_TIMEOUTS });
	client.middlewareStack.add(
		(next) => async (input) => {
			try {
				return await next(input);
			} catch (error) {
				if (error instanceof Error) error.message = error.message.replace(STALE_TOKEN, SDK_MESSAGE);
				throw error;
			}
		},
		{ step: "initialize", name: "rewriteStaleTokenMessage" },
	);
	return client;
}
