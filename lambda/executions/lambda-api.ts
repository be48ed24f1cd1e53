import {
	type Event,
	GetDurableExecutionCommand,
	GetDurableExecutionHistoryCommand,
	type GetDurableExecutionResponse,
	type LambdaClient,
	LambdaServiceException,
	ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import { ServiceError } from "../domain/errors.ts";

/**
 * Reads of the durable engine. AWS allows an account, in a region, 15 lists, 15 histories and 30 gets a second. Each
 * throws ServiceError `READ_FAILED` (throttled, broken, unreachable) or `CONFIG_INVALID`.
 *
 * @see Lambda Developer Guide, "Lambda quotas" (durable operations)
 */
export interface DurableExecutions {
	/** @returns the ARN of the execution with this name; `undefined` where there is none (yet) */
	readonly find: (name: string) => Promise<string | undefined>;
	/** @returns `undefined` where AWS doesn't know the ARN (yet, or no longer) */
	readonly get: (arn: string) => Promise<GetDurableExecutionResponse | undefined>;
	/** @returns events, oldest first, of at most {@link MAX_PAGES} pages */
	readonly history: (arn: string) => Promise<readonly Event[]>;
}

const PAGE_SIZE = 1000;
/** 25 targets that are followed for three days fill about four pages. */
const MAX_PAGES = 10;

export function createDurableExecutions(lambda: LambdaClient, functionArn: string): DurableExecutions {
	const unqualified = withoutQualifier(functionArn);

	return {
		async find(name) {
			const list = new ListDurableExecutionsByFunctionCommand({
				FunctionName: unqualified,
				DurableExecutionName: name,
				MaxItems: 10,
			});
			const found = await absentOr(lambda.send(list));
			const execution = found?.DurableExecutions?.find((candidate) => candidate.DurableExecutionName === name);
			return execution?.DurableExecutionArn;
		},
		get: (arn) => absentOr(lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn: arn }))),
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
				const reply = await absentOr(lambda.send(command));
				events.push(...(reply?.Events ?? []));
				marker = reply?.NextMarker;
				if (!marker) break;
			}
			return events;
		},
	};
}

/**
 * The list takes a function without alias or version: an execution is pinned to the version that it began on, and would
 * drop out of an alias's list when the alias moves on.
 */
export function withoutQualifier(functionArn: string): string {
	const parts = functionArn.split(":");
	return parts[0] === "arn" ? parts.slice(0, 7).join(":") : (parts[0] ?? functionArn);
}

async function absentOr<T>(reply: Promise<T>): Promise<T | undefined> {
	try {
		return await reply;
	} catch (error) {
		if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
		throw toAwsServiceError("READ_FAILED", error);
	}
}

/**
 * Judges what the AWS SDK threw. The message names AWS's own error and nothing of its text, which holds ARNs.
 *
 * @returns ServiceError `CONFIG_INVALID` where only the operator can mend it, else `code`: worth another try
 */
export function toAwsServiceError(code: "START_FAILED" | "READ_FAILED", error: unknown): ServiceError {
	const name = error instanceof Error ? error.name : "unknown error";
	if (isRefusal(error)) {
		const message = `durable engine: AWS refuses the call (${name}); check SNAPSHOT_FUNCTION_ARN and the function's role`;
		return new ServiceError("CONFIG_INVALID", message, { cause: error });
	}
	return new ServiceError(code, `durable engine: no answer from AWS (${name}); try again`, {
		cause: error,
		transient: true,
	});
}

/** A 4xx that is neither throttling nor a time-out says the same at every try. */
function isRefusal(error: unknown): boolean {
	if (!(error instanceof LambdaServiceException)) return false;
	const status = error.$metadata.httpStatusCode ?? 500;
	return status >= 400 && status < 500 && status !== 429 && status !== 408 && !/throttl|toomany/i.test(error.name);
}
