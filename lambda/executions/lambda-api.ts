import {
	type Event,
	GetDurableExecutionCommand,
	GetDurableExecutionHistoryCommand,
	type GetDurableExecutionResponse,
	InvokeCommand,
	type LambdaClient,
	LambdaServiceException,
	ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import { ServiceError } from "../domain/errors.ts";
import { isRecord } from "../domain/json.ts";
import type { Run } from "../domain/run.ts";

const PAGE_SIZE = 1000;
/** 25 targets polled for three days fill about four pages. */
const MAX_PAGES = 10;

/**
 * Two spellings of a name that belongs to another payload: the SDK's and the guide's.
 *
 * @see AWS Lambda API, Invoke (errors); Lambda Developer Guide, "Idempotency" of durable executions
 */
const NAME_TAKEN = /^DurableExecutionAlready(?:Started|Exists)(?:Exception)?$/;

export type DurableExecutions = ReturnType<typeof createDurableExecutions>;

/**
 * Lambda's API for durable executions. Per account and region, AWS allows 15 lists, 15 histories and 30 gets a second.
 * Each function throws ServiceError `CONFIG_INVALID`, or transient `START_FAILED` or `READ_FAILED`.
 *
 * @see Lambda Developer Guide, "Lambda quotas" (durable operations)
 */
export function createDurableExecutions(lambda: LambdaClient, functionArn: string) {
	return {
		/**
		 * Starts a run without waiting for it. Repeating the call with the same name and payload starts no second execution.
		 *
		 * @returns the execution's ARN if AWS returns it
		 * @throws ServiceError also `RUN_NAME_TAKEN`, if the name belongs to another request
		 * @see Lambda Developer Guide, "Execution names" (durable-execution-idempotency)
		 */
		async start(run: Run): Promise<string | undefined> {
			const command = new InvokeCommand({
				FunctionName: functionArn,
				InvocationType: "Event",
				DurableExecutionName: run.run,
				Payload: toExecutionPayload(run),
			});
			try {
				return (await lambda.send(command)).DurableExecutionArn;
			} catch (error) {
				if (!(error instanceof Error && NAME_TAKEN.test(error.name))) throw toServiceError("START_FAILED", error);
				const message = "run: its name belongs to another request; use a new idempotency key";
				throw new ServiceError("RUN_NAME_TAKEN", message);
			}
		},
		/** @returns the ARN of the execution with this name; `undefined` if there is none (yet) */
		async find(name: string): Promise<string | undefined> {
			const command = new ListDurableExecutionsByFunctionCommand({
				FunctionName: withoutQualifier(functionArn),
				DurableExecutionName: name,
				MaxItems: 10,
			});
			const reply = await undefinedIfAbsent(lambda.send(command));
			const execution = reply?.DurableExecutions?.find((candidate) => candidate.DurableExecutionName === name);
			return execution?.DurableExecutionArn;
		},
		/** @returns `undefined` if AWS does not know the ARN (yet, or no longer) */
		get: (arn: string): Promise<GetDurableExecutionResponse | undefined> =>
			undefinedIfAbsent(lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn: arn }))),

		/** @returns events, oldest first, of at most {@link MAX_PAGES} pages */
		async history(arn: string): Promise<readonly Event[]> {
			const events: Event[] = [];
			let marker: string | undefined;
			for (let page = 0; page < MAX_PAGES; page++) {
				const command = new GetDurableExecutionHistoryCommand({
					DurableExecutionArn: arn,
					IncludeExecutionData: true,
					MaxItems: PAGE_SIZE,
					Marker: marker,
				});
				const reply = await undefinedIfAbsent(lambda.send(command));
				events.push(...(reply?.Events ?? []));
				marker = reply?.NextMarker;
				if (!marker) break;
			}
			return events;
		},
	};
}

/** JSON with sorted keys: AWS compares the bytes to tell a repeated request from another one. */
export const toExecutionPayload = (run: Run): Uint8Array => Buffer.from(JSON.stringify(run, sortKeys));

function sortKeys(_key: string, value: unknown): unknown {
	if (!isRecord(value)) return value;
	return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The function's ARN without alias. The list of an alias lacks executions that began before it moved to another version.
 */
export function withoutQualifier(functionArn: string): string {
	const parts = functionArn.split(":");
	return parts[0] === "arn" ? parts.slice(0, 7).join(":") : (parts[0] ?? functionArn);
}

async function undefinedIfAbsent<T>(reply: Promise<T>): Promise<T | undefined> {
	try {
		return await reply;
	} catch (error) {
		if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
		throw toServiceError("READ_FAILED", error);
	}
}

/** The message holds only the name of AWS's error: its text holds ARNs. */
function toServiceError(code: "START_FAILED" | "READ_FAILED", error: unknown): ServiceError {
	const name = error instanceof Error ? error.name : "unknown error";
	if (isRefusal(error)) {
		const message = `durable engine: AWS refuses the call (${name}); check SNAPSHOT_FUNCTION_ARN and the function's role`;
		return new ServiceError("CONFIG_INVALID", message, { cause: error });
	}
	const message = `durable engine: no answer from AWS (${name}); try again`;
	return new ServiceError(code, message, { cause: error, transient: true });
}

/** Whether every retry would fail: a 4xx other than throttling and timeouts. */
function isRefusal(error: unknown): boolean {
	if (!(error instanceof LambdaServiceException)) return false;
	const status = error.$metadata.httpStatusCode ?? 500;
	return status >= 400 && status < 500 && status !== 429 && status !== 408 && !/throttl|toomany/i.test(error.name);
}
