import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { ServiceError } from "../domain/errors.ts";
import type { Run } from "../domain/run.ts";
import { toAwsServiceError } from "./lambda-api.ts";

/**
 * AWS's two spellings for a name that belongs to another payload: the SDK's and the guide's.
 *
 * @see AWS Lambda API, Invoke (errors); Lambda Developer Guide, "Idempotency" of durable executions
 */
const NAME_TAKEN = /^DurableExecutionAlready(?:Started|Exists)(?:Exception)?$/;

/**
 * Starts a run as a durable execution, and returns at once. The name makes it safe to repeat: the same name with the
 * same payload is the same execution.
 *
 * @returns the execution's ARN where AWS tells it
 * @throws ServiceError `RUN_NAME_TAKEN` where the name belongs to another request, `START_FAILED`, `CONFIG_INVALID`
 * @see Lambda Developer Guide, "Execution names" (durable-execution-idempotency)
 */
export const createRunStarter = (lambda: LambdaClient, functionArn: string) => async (run: Run) => {
	const command = new InvokeCommand({
		FunctionName: functionArn,
		InvocationType: "Event",
		DurableExecutionName: run.run,
		Payload: toExecutionPayload(run),
	});
	const reply = await lambda.send(command).catch((error: unknown) => {
		if (error instanceof Error && NAME_TAKEN.test(error.name)) {
			throw new ServiceError("RUN_NAME_TAKEN", "run: its name belongs to another request; use a new idempotency key");
		}
		throw toAwsServiceError("START_FAILED", error);
	});
	return reply.DurableExecutionArn;
};

/**
 * The payload of the durable execution: the run as JSON with its keys in alphabetical order at every depth, so that two
 * requests that differ only in the order of their keys yield the same bytes, by which AWS tells a twin from a clash.
 */
export const toExecutionPayload = (run: Run): Uint8Array => Buffer.from(JSON.stringify(run, sorted));

function sorted(_key: string, value: unknown): unknown {
	if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
	return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
