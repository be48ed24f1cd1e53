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

/**
 * Lambda's API for durable executions. AWS allows an account, in a region, 15 lists, 15 histories and 30 gets a second.
 * Each call throws ServiceError `CONFIG_INVALID`, or transient `START_FAILED` or `READ_FAILED`.
 *
 * @see Lambda Developer Guide, "Lambda quotas" (durable operations)
 */
export interface DurableExecutions {
	/**
	 * Starts a run and returns at once. It is safe to repeat: the same name with the same payload is the same execution.
	 *
	 * @returns the execution's ARN where AWS returns it
	 * @throws ServiceError also `RUN_NAME_TAKEN`, where the name belongs to another request
	 * @see Lambda Developer Guide, "Execution names" (durable-execution-idempotency)
	 */
	readonly start: (run: Run) => Promise<string | undefined>;
	/** @returns the ARN of the execution with this name; `undefined` where there is none (yet) */
	readonly find: (name: string) => Promise<string | undefined>;
	/** @returns `undefined` where AWS does not know the ARN (yet, or no longer) */
	readonly get: (arn: string) => Promise<GetDurableExecutionResponse | undefined>;
	/** @returns events, oldest first, of at most {@link MAX_PAGES} pages */
	readonly history: (arn: string) => Promise<readonly Event[]>;
}

const PAGE_SIZE = 1000;
/** 25 targets that are polled for three days fill about four pages. */
const MAX_PAGES = 10;

/**
 * Two spellings of a name that belongs to another payload: the SDK's and the guide's.
 *
 * @see AWS Lambda API, Invoke (errors); Lambda Developer Guide, "Idempotency" of durable executions
 */
const NAME_TAKEN = /^DurableExecutionAlready(?:Started|Exists)(?:Exception)?$/;

export function createDurableExecutions(lambda: LambdaClient, functionArn: string): DurableExecutions {
	return {
		async start(run) {
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
		async find(name) {
			const command = new ListDurableExecutionsByFunctionCommand({
				FunctionName: withoutQualifier(functionArn),
				DurableExecutionName: name,
				MaxItems: 10,
			});
			const reply = await undefinedIfAbsent(lambda.send(command));
			const execution = reply?.DurableExecutions?.find((candidate) => candidate.DurableExecutionName === name);
			return execution?.DurableExecutionArn;
		},
		get: (arn) => undefinedIfAbsent(lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn: arn }))),
		async history(arn) {
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

/** JSON with sorted keys at every depth: AWS compares the bytes to tell a repeated request from another one. */
export const toExecutionPayload = (run: Run): Uint8Array => Buffer.from(JSON.stringify(run, sortKeys));

function sortKeys(_key: string, value: unknown): unknown {
	if (!isRecord(value)) return value;
	return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The function's ARN for the list of executions: an execution stays on the version that it began on, and would drop out
 * of an alias's list when the alias moves to another.
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

/** The message has the name of AWS's error only: its text holds ARNs. `CONFIG_INVALID` where a retry cannot help. */
function toServiceError(code: "START_FAILED" | "READ_FAILED", error: unknown): ServiceError {
	const name = error instanceof Error ? error.name : "unknown error";
	if (isRefusal(error)) {
		const message = `durable engine: AWS refuses the call (${name}); check SNAPSHOT_FUNCTION_ARN and the function's role`;
		return new ServiceError("CONFIG_INVALID", message, { cause: error });
	}
	const message = `durable engine: no answer from AWS (${name}); try again`;
	return new ServiceError(code, message, { cause: error, transient: true });
}

/** A 4xx that is neither throttling nor a timeout is the same at every try. */
function isRefusal(error: unknown): boolean {
	if (!(error instanceof LambdaServiceException)) return false;
	const status = error.$metadata.httpStatusCode ?? 500;
	return status >= 400 && status < 500 && status !== 429 && status !== 408 && !/throttl|toomany/i.test(error.name);
}
