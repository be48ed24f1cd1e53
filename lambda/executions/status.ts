import type { GetDurableExecutionResponse } from "@aws-sdk/client-lambda";
import type { Reason, Target, TargetStatus } from "../domain/outcome.ts";
import { isListOfNames, type SnapshotRequest } from "../domain/request.ts";
import { parseRun, type RequestedBy, type Run } from "../domain/run.ts";
import type { DecidedEnd, EndedParts } from "../domain/state-change.ts";
import { mergeTargets, readPartResult, summarizeHistory } from "./history.ts";
import type { DurableExecutions } from "./lambda-api.ts";

/** Histories of chained parts that one read takes: as many parts as one execution chains. */
const MAX_PARTS = 100;

/** Reads the status of a run: from the result of its execution, or from the history where there is none. */
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
	const readPart = async (part: string, pending: readonly PendingTarget[]): Promise<TargetProgress[]> => {
		const { targets, parts, decided } = summarizeHistory(await executions.history(part), pending);
		onDecided(decided);
		let merged: TargetProgress[] = [...targets];
		for (const each of parts) {
			if (left-- <= 0) break;
			merged = mergeTargets(merged, await readPart(each, []));
		}
		return merged;
	};
	return readPart(arn, named);
}

/**
 * Reads the targets of the chained parts of an execution that AWS ended before they returned: their published states, and
 * the ends that were decided but perhaps not published.
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

function statusOf({ Status }: GetDurableExecutionResponse): RunStatus["status"] {
	if (Status === "RUNNING" || Status === "SUCCEEDED") return Status;
	return "FAILED";
}

/** AWS's own message about a failure may hold ARNs and stacks, so it is not passed on. */
function reasonOf({ Status }: GetDurableExecutionResponse): Reason | undefined {
	if (Status === "RUNNING" || Status === "SUCCEEDED") return undefined;
	if (Status === "TIMED_OUT") return { code: "RUN_TIMED_OUT", message: "the run outlived its execution timeout" };
	if (Status === "STOPPED") return { code: "RUN_STOPPED", message: "the run was stopped by an operator" };
	return { code: "RUN_BROKEN_OFF", message: "the run failed; see the log of the snapshot function" };
}

/** The run that the execution was started with; `undefined` where AWS cut it. */
function readInput(input: string | undefined): Run | undefined {
	try {
		return parseRun(JSON.parse(input ?? ""));
	} catch {
		return undefined;
	}
}

/** A target of which nothing is known yet. */
export interface PendingTarget extends Target {
	readonly state: "PENDING";
}

export type TargetProgress = TargetStatus | PendingTarget;

export interface RunStatus {
	readonly run: string;
	/** Absent where AWS cut the execution's input. */
	readonly requestedBy?: RequestedBy;
	readonly status: "RUNNING" | "SUCCEEDED" | "FAILED";
	/** Empty while a request by `all` or tags has not been resolved. */
	readonly targets: readonly TargetProgress[];
	/** Epoch milliseconds. */
	readonly startedAt: number;
	/** Why the run as a whole failed; absent where the targets have reasons. */
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
