import { LambdaClient } from "@aws-sdk/client-lambda";

/**
 * How AWS is called: a service that accepts the connection and never answers holds an invocation for 17 seconds, not for
 * as long as Lambda lets it. What then failed is tried again by the run, after a pause that costs nothing.
 */
export const AWS_CLIENT_SETTINGS = {
	maxAttempts: 3,
	// The socket's own timer: it keeps real time also where a test moves the clock on.
	requestHandler: { connectionTimeout: 2_000, socketTimeout: 5_000 },
} as const;

/** What the durable SDK sets for the client that it creates itself. Milliseconds. */
const SDK_TIMEOUTS = {
	connectionTimeout: 5_000,
	socketTimeout: 50_000,
	requestTimeout: 55_000,
	throwOnRequestTimeout: true,
} as const;

/** As Lambda writes it, and as the durable SDK looks for it. */
const STALE_TOKEN = /^invalid checkpoint token/i;
const WORDS_OF_SDK = "Invalid Checkpoint Token";

/**
 * The client over which the durable SDK writes its checkpoints. A checkpoint token that another invocation has used up
 * must end the invocation, not the run. The SDK (2.4.0) knows that error by words which Lambda writes otherwise, and
 * would end the run as failed; so here they are written as the SDK expects them.
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
				if (error instanceof Error) error.message = error.message.replace(STALE_TOKEN, WORDS_OF_SDK);
				throw error;
			}
		},
		{ step: "initialize", name: "staleTokenInTheWordsOfTheSdk" },
	);
	return client;
}
