import { Readable } from "node:stream";
import { CheckpointDurableExecutionCommand, type OperationUpdate } from "@aws-sdk/client-lambda";
import { createDurableClient } from "../../lambda/aws/clients.ts";
import { checkUpdateSize } from "../aws/checkpoints.ts";
import { AwsError } from "../aws/protocol.ts";
import type { AwsFault } from "../aws/server.ts";

/** The token of a checkpoint that another invocation has used up, as the plan says it. */
export const STALE_TOKEN = { do: "fail", status: 400, code: "InvalidParameterValueException" } as const;

/** @throws what the functions' own client makes of Lambda's reply to a stale token */
async function staleToken(): Promise<never> {
	const client = createDurableClient();
	const body = JSON.stringify({ Type: "User", message: "Invalid checkpoint token" });
	const headers = { "content-type": "application/json", "x-amzn-errortype": STALE_TOKEN.code };
	const response = { statusCode: STALE_TOKEN.status, headers, body: Readable.from([body]) };
	client.config.requestHandler.handle = async () => ({ response }) as never;
	await client.send(new CheckpointDurableExecutionCommand({ DurableExecutionArn: "arn", CheckpointToken: "stale" }));
	throw new Error("the client took a stale token");
}

/** An error as the AWS SDK makes it of a reply, or of none. */
const sdkError = (name: string, message: string, status?: number): Error =>
	Object.assign(new Error(message), { name, $metadata: status === undefined ? {} : { httpStatusCode: status } });

/** Bytes of a request to Lambda's API. @see Lambda Developer Guide, "Lambda quotas" */
const REQUEST_BYTES = 6 * 1024 * 1024;

/** @throws what Lambda's client throws where one update of a checkpoint is too large (400), or all together are (413) */
export function refuseTooLarge({ Updates = [] }: { readonly Updates?: readonly OperationUpdate[] | undefined }): void {
	let bytes = 0;
	for (const update of Updates) {
		bytes += (update.Payload?.length ?? 0) + (update.Error?.ErrorData?.length ?? 0);
		try {
			checkUpdateSize(update);
		} catch (error) {
			throw error instanceof AwsError ? sdkError(error.name, error.message, error.status) : error;
		}
	}
	if (bytes > REQUEST_BYTES)
		throw sdkError("RequestTooLargeException", `Request must be smaller than ${REQUEST_BYTES} bytes`, 413);
}

/**
 * Answers a checkpoint with a fault.
 *
 * @throws what Lambda's client throws then
 */
export async function throwFault<T>(fault: AwsFault, carryOut: () => Promise<T>): Promise<T> {
	switch (fault.do) {
		case "delay":
			await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
			return carryOut();
		case "hang":
			throw sdkError("TimeoutError", "no reply came");
		case "drop":
			if (fault.when === "after") await carryOut();
			throw sdkError("TimeoutError", "socket hang up");
		case "fail":
			if (fault.code === STALE_TOKEN.code) return staleToken();
			// Lambda's own word for throttling.
			if (fault.status < 500) throw sdkError("TooManyRequestsException", "Rate exceeded", 429);
			throw sdkError("ServiceException", "injected", 500);
		case "refuse-entries":
			return carryOut();
	}
}
