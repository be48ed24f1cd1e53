import type { GetDurableExecutionResponse } from "@aws-sdk/client-lambda";
import type { Reason, Target, TargetStatus } from "../domain/outcome.ts";
import { isListOfNames, type SnapshotRequest } from "../domain/request.ts";
import { parseRun, type RequestedBy, type Run } from "../domain/run.ts";
import type { DecidedEnd, EndedParts } from "../domain/state-change.ts";
import { mergeTargets, readPartResult, summarizeHistory } from "./history.ts";
import type { DurableExecutions } from "./lambda-api.ts";

/** One execution chains at most so many parts. */
const MAX_PARTS = 100;

/** Reads the status of a run from the result of its execution, or while there is none from its history. */
export async function readRunStatus(
	executions: Pick<DurableExecutions, "get" | "history">,
	run: string,
	arn: string,
): Promise<RunStatus | undefined> {
	const execution = await executions.get(arn);
	if (execution === undefined) return undefined;
	const status = statusOf(execution);
	const result = readPartResult(execution.Result) ?? readPartResult(execution.Error?.ErrorData);
	const startedAt = execution.StartTimestamp?.getTime() ?? 0;
	const input = readInput(execution.InputPayload);
	const known = { run, requestedBy: input?.requestedBy, status, startedAt };
	if (status !== "RUNNING" && result && !result.omitted) return { ...known, targets: result.targets };
	const targets = await readTargets(executions, arn, input ? pendingTargets(input.request) : []);
	return { ...known, targets, reason: reasonOf(execution) };
}

type HistoryReader = Pick<DurableExecutions, "history">;

async function readTargets(
	executions: HistoryReader,
	arn: string,
	named: readonly PendingTarget[],
	onDecided: (decided: readonly DecidedEnd[]) => void = () => {},
): Promise<TargetProgress[]> {
	let left = MAX_PARTS;
	const readExecution = async (part: string, pending: readonly PendingTarget[]): Promise<TargetProgress[]> => {
		const { targets, parts, decided } = summarizeHistory(await executions.history(part), pending);
		onDecided(decided);
		let merged: TargetProgress[] = [...targets];
		for (const each of parts) {
			if (left-- <= 0) break;
			merged = mergeTargets(merged, await readExecution(each, []));
		}
		return merged;
	};
	return readExecution(arn, named);
}

/**
 * Reads the targets of the chained parts that AWS ended before they returned: their published states, and the final states
 * that were decided but may not have been published.
 *
 * @throws ServiceError `READ_FAILED`, `CONFIG_INVALID`
 */
export async function readEndedParts(executions: HistoryReader, arn: string): Promise<EndedParts> {
	const { interrupted } = summarizeHistory(await executions.history(arn), []);
	const targets: TargetProgress[] = [];
	const decided: DecidedEnd[] = [];
	for (const part of interrupted) {
		targets.push(...(await readTargets(executions, part, [], (ends) => void decided.push(...ends))));
	}
	return { published: targets.filter((target): target is TargetStatus => target.state !== "PENDING"), decided };
}

const statusOf = ({ Status }: GetDurableExecutionResponse): RunStatus["status"] =>
	Status === "RUNNING" || Status === "SUCCEEDED" ? Status : "FAILED";

/** AWS's own message may hold ARNs and stack traces, so it is not returned. */
function reasonOf({ Status }: GetDurableExecutionResponse): Reason | undefined {
	if (Status === "RUNNING" || Status === "SUCCEEDED") return undefined;
	if (Status === "TIMED_OUT") return { code: "RUN_TIMED_OUT", message: "the run outlived its execution timeout" };
	if (Status === "STOPPED") return { code: "RUN_STOPPED", message: "the run was stopped by an operator" };
	return { code: "RUN_BROKEN_OFF", message: "the run failed; see the log of the snapshot function" };
}

/** The input of the execution; `undefined` if AWS truncated it. */
function readInput(input: string | undefined): Run | undefined {
	try {
		return parseRun(JSON.parse(input ?? ""));
	} catch {
		return undefined;
	}
}

/** A target without a published state. */
export interface PendingTarget extends Target {
	readonly state: "PENDING";
}

export type TargetProgress = TargetStatus | PendingTarget;

export interface RunStatus {
	readonly run: string;
	/** Absent if AWS truncated the execution's input. */
	readonly requestedBy?: RequestedBy;
	readonly status: "RUNNING" | "SUCCEEDED" | "FAILED";
	/** Empty until a request by `all` or tags has been resolved. */
	readonly targets: readonly TargetProgress[];
	/** Epoch milliseconds. */
	readonly startedAt: number;
	/** Why the run as a whole failed; absent if the targets have reasons. */
	readonly reason?: Reason;
}

/** The targets that a request names; none where it selects by `all` or tags. */
export function pendingTargets({
	projectId,
	clusters,
}: Pick<SnapshotRequest, "projectId" | "clusters">): PendingTarget[] {
	if (projectId === undefined || !isListOfNames(clusters)) return [];
	return clusters.map((clusterName) => ({ projectId, clusterName, state: "PENDING" }));
}
