import { isRecord, parseJson } from "../../lambda/domain/json.ts";
import type { RunResult, SnapshotStateChange, TargetStatus } from "../../lambda/domain/outcome.ts";
import { EVENT_DETAIL_TYPE, EVENT_SOURCE, isSuccess } from "../../lambda/domain/outcome.ts";
import type { Run } from "../../lambda/domain/run.ts";
import { summarizeHistory } from "../../lambda/executions/history.ts";
import type { Execution } from "../aws/engine.ts";
import type { BusEvent } from "../aws/event-bridge.ts";
import type { LogLine } from "../function-logs.ts";

/** The state of a target of a run. Times are epoch milliseconds. */
export type TargetView = Omit<TargetStatus, "requestedAt" | "endedAt"> & {
	readonly run: string;
	/** Since the run's start, and from then on since the snapshot's request; absent once the target has ended. */
	readonly since?: number;
	/** From the request to the end, where that is expected. */
	readonly expectedSeconds?: number;
	/** The last poll of its snapshot. */
	readonly poll?: Poll;
	/** Why the last request, lookup or poll did not succeed; absent once a later one did. */
	readonly problem?: Problem;
};

/** A poll of a snapshot that has not ended. */
interface Poll {
	/** In Atlas's word. */
	readonly status: string;
	/** Polls made. */
	readonly polls: number;
	/** Polls in a row that failed. */
	readonly failures: number;
}

interface Problem {
	readonly code: string;
	readonly message: string;
	readonly nextTryAt: number | undefined;
}

type StateChangeEvent = BusEvent & { readonly detail: SnapshotStateChange };

export const isStateChange = (event: BusEvent): event is StateChangeEvent =>
	event.source === EVENT_SOURCE && event["detail-type"] === EVENT_DETAIL_TYPE;

/** The state of every target, from published events, histories, the functions' logs and the runs' results. */
export interface Targets {
	readonly all: () => readonly TargetView[];
	onEvent(event: StateChangeEvent): void;
	/** @returns the problem that the line reports, if any, and its cluster */
	onLog(line: LogLine): (Problem & { readonly clusterName: string }) | undefined;
	/** Reads how far a run is that goes on. */
	onHistory(execution: Execution): void;
	/** Reads what a run returned or failed with; events may be missing where the bus refused them. */
	onEnd(execution: Execution): void;
}

export function createTargets(): Targets {
	const targets = new Map<string, TargetView>();
	const keyOf = (run: string, projectId: string, clusterName: string) => `${run}/${projectId}/${clusterName}`;
	const put = (view: TargetView) => targets.set(keyOf(view.run, view.projectId, view.clusterName), view);
	return {
		all: () => [...targets.values()],
		onEvent({ detail }) {
			const { state, requestedAt, expectedEndAt } = detail;
			if (state !== "STARTED" && state !== "LATE") return void put(detail);
			const since = Date.parse(requestedAt);
			const expectedSeconds = expectedEndAt ? (Date.parse(expectedEndAt) - since) / 1000 : undefined;
			const known = targets.get(keyOf(detail.run, detail.projectId, detail.clusterName));
			put({ ...detail, since, expectedSeconds, problem: state === "LATE" ? known?.problem : undefined });
		},
		onLog(line) {
			const problem = readProblem(line);
			if (!problem) return undefined;
			const { run, project_id: projectId, cluster_name: clusterName } = line;
			const known = targets.get(keyOf(String(run), String(projectId), String(clusterName)));
			// The line about a published end has a reason too.
			if (known && known.since === undefined) return undefined;
			if (known) put({ ...known, problem });
			return { ...problem, clusterName: String(clusterName) };
		},
		onHistory(execution) {
			const { run }: Run = JSON.parse(execution.payload);
			const history = execution.history();
			const polls = pollsOf(history);
			for (const { projectId, clusterName } of summarizeHistory(history, []).targets) {
				const known = targets.get(keyOf(run, projectId, clusterName)) ?? pending(execution, projectId, clusterName);
				const poll = polls.get(known.snapshotId ?? "");
				const isNew = poll?.polls !== known.poll?.polls;
				const problem = isNew && poll?.failures === 0 ? undefined : known.problem;
				if (known.since !== undefined) put({ ...known, poll, problem });
			}
		},
		onEnd(execution) {
			const { run }: Run = JSON.parse(execution.payload);
			for (const target of resultOf(execution)?.targets ?? []) put({ ...target, run });
		},
	};
}

function pending({ payload, startedAt }: Execution, projectId: string, clusterName: string): TargetView {
	const { run }: Run = JSON.parse(payload);
	const unknown = { provenance: null, snapshotId: null, expectedEndAt: null, durationSeconds: null, reason: null };
	return { ...unknown, run, projectId, clusterName, state: "PENDING", since: startedAt };
}

function readProblem({ reason, next_try: nextTry, cluster_name: clusterName }: LogLine): Problem | undefined {
	if (typeof clusterName !== "string" || !isRecord(reason)) return undefined;
	const { code, message } = reason;
	if (typeof code !== "string" || typeof message !== "string") return undefined;
	return { code, message, nextTryAt: typeof nextTry === "string" ? Date.parse(nextTry) : undefined };
}

/** How the snapshots of a history stand, by their ids: each check of a `waitForCondition` leaves the state of its polls. */
export function pollsOf(history: ReturnType<Execution["history"]>): ReadonlyMap<string, Poll> {
	const polls = new Map<string, Poll>();
	for (const { SubType, StepSucceededDetails } of history) {
		const payload = SubType === "WaitForCondition" ? StepSucceededDetails?.Result?.Payload : undefined;
		const checked = parseJson(payload ?? "");
		const state = isRecord(checked) && isRecord(checked["state"]) ? checked["state"]["poll"] : undefined;
		if (!isRecord(state)) continue;
		const { snapshotId, status, polls: count, failures } = state;
		if (typeof snapshotId !== "string" || typeof status !== "string" || typeof count !== "number") continue;
		polls.set(snapshotId, { status, polls: count, failures: Number(failures ?? 0) });
	}
	return polls;
}

/** What a run returned; one that failed has an error that carries the result. */
export function resultOf({ result, error }: Execution): RunResult | undefined {
	const returned = parseJson(result ?? error?.ErrorData ?? "");
	return isRecord(returned) && Array.isArray(returned["targets"]) ? (returned as unknown as RunResult) : undefined;
}

/** Whether every target of a run was completed or skipped. A run that found no target backed nothing up. */
export function isComplete(execution: Execution): boolean {
	const targets = resultOf(execution)?.targets ?? [];
	return execution.status === "SUCCEEDED" && targets.length > 0 && targets.every(({ state }) => isSuccess(state));
}
