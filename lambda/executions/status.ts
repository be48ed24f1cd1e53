import type { GetDurableExecutionResponse } from "@aws-sdk/client-lambda";
import type { Reason, Target, TargetStatus } from "../domain/outcome.ts";
import { isListOfNames, type SnapshotRequest } from "../domain/request.ts";
import { parseRun, type RequestedBy, type Run } from "../domain/run.ts";
import type { DecidedEnd, EndedParts } from "../domain/state-change.ts";
import { mergeTargets, parseJsonPayload, readPartResult, summarizeHistory } from "./history.ts";
import type { DurableExecutions } from "./lambda-api.ts";

/** Histories of chained parts that one reading takes: as many parts as one execution chains. */
const MAX_PARTS = 100;

/**
 * Reads where a run stands from the execution that carries it out: the result where it ended, the history while it runs
 * or where it ended without a result.
 */
export async function readRunStatus(
	executions: DurableExecutions,
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
	const targets = await tell(executions, arn, input ? pendingTargets(input.request) : []);
	return { ...known, targets, reason: reasonOf(execution) };
}

async function tell(
	executions: DurableExecutions,
	arn: string,
	named: readonly PendingTarget[],
	onDecided: (decided: readonly DecidedEnd[]) => void = () => {},
): Promise<TargetProgress[]> {
	let left = MAX_PARTS;
	const tellPart = async (part: string, pending: readonly PendingTarget[]): Promise<TargetProgress[]> => {
		const { targets, parts, decided } = summarizeHistory(await executions.history(part), pending);
		onDecided(decided);
		let merged: TargetProgress[] = [...targets];
		for (const each of parts) {
			if (left-- <= 0) break;
			merged = mergeTargets(merged, await tellPart(each, []));
		}
		return merged;
	};
	return tellPart(arn, named);
}

/**
 * Reads where the targets of those parts of an execution stood that AWS ended in the middle, and the ends that they were
 * about to publish.
 *
 * @throws ServiceError `READ_FAILED`, `CONFIG_INVALID`
 */
export async function readEndedParts(executions: DurableExecutions, arn: string): Promise<EndedParts> {
	const { broken } = summarizeHistory(await executions.history(arn), []);
	const told: TargetProgress[] = [];
	const decided: DecidedEnd[] = [];
	for (const part of broken) told.push(...(await tell(executions, part, [], (ends) => void decided.push(...ends))));
	return { published: told.filter((view): view is TargetStatus => view.state !== "PENDING"), decided };
}

function statusOf({ Status }: GetDurableExecutionResponse): RunStatus["status"] {
	if (Status === "RUNNING" || Status === "SUCCEEDED") return Status;
	return "FAILED";
}

/** AWS's own text about a failure may hold ARNs and stacks, so each way to fail has a sentence of ours. */
function reasonOf({ Status }: GetDurableExecutionResponse): Reason | undefined {
	if (Status === "RUNNING" || Status === "SUCCEEDED") return undefined;
	if (Status === "TIMED_OUT") return { code: "RUN_TIMED_OUT", message: "the run outlived its execution timeout" };
	if (Status === "STOPPED") return { code: "RUN_STOPPED", message: "the run was stopped by an operator" };
	return { code: "RUN_BROKEN_OFF", message: "the run broke off; see the log of the snapshot function" };
}

/** The run that the execution was started with; `undefined` where AWS doesn't tell it whole. */
function readInput(input: string | undefined): Run | undefined {
	try {
		return parseRun(parseJsonPayload(input));
	} catch {
		return undefined;
	}
}

/** A target of which nothing is known yet. */
export interface PendingTarget extends Target {
	readonly state: "PENDING";
}

export type TargetProgress = TargetStatus | PendingTarget;

/** A run as the durable engine tells it. */
export interface RunStatus {
	readonly run: string;
	/** Who asked; absent where the execution's input does not say so. */
	readonly requestedBy?: RequestedBy;
	readonly status: "RUNNING" | "SUCCEEDED" | "FAILED";
	/** Empty while a request by `all` or tags has not been resolved. */
	readonly targets: readonly TargetProgress[];
	/** Epoch milliseconds. */
	readonly startedAt: number;
	/** Why the run as a whole failed, where no target tells it. */
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
