import {
	EVENT_DETAIL_TYPE,
	EVENT_SOURCE,
	isSuccess,
	type RunResult,
	type SnapshotStateChange,
	type TargetStatus,
} from "../../lambda/domain/outcome.ts";
import type { Run, Trigger } from "../../lambda/domain/run.ts";
import type { Execution } from "../aws/engine.ts";
import type { BusEvent } from "../aws/event-bridge.ts";
import { isRecord, parseJson } from "../json.ts";

/** Where a target of a run stands. */
export type Entry = Omit<TargetStatus, "requestedAt" | "endedAt"> & {
	readonly run: string;
	readonly trigger: Trigger;
	/** Milliseconds, by the ledger's clock, at which the snapshot was asked for; only of targets that are followed. */
	readonly followedSince?: number;
	/** From the request to the end, where that is expected. */
	readonly expectedSeconds?: number;
};

/** What is known of every target: by the published events, and at the end by the results of the runs. */
export interface Ledger {
	readonly entries: () => readonly Entry[];
	enter(event: StateChangeEvent): void;
	/** Enters what a run returned or failed with; events may be missing where the bus refused them. */
	close(execution: Execution): void;
}

export type StateChangeEvent = BusEvent & { readonly detail: SnapshotStateChange };

export const isStateChange = (event: BusEvent): event is StateChangeEvent =>
	event.source === EVENT_SOURCE && event["detail-type"] === EVENT_DETAIL_TYPE;

/** @param now milliseconds of a clock that only its differences matter of; @param wall epoch milliseconds */
export function createLedger(now: () => number, wall: () => number = Date.now): Ledger {
	const entries = new Map<string, Entry>();
	const put = (entry: Entry) => entries.set(`${entry.run}/${entry.projectId}/${entry.clusterName}`, entry);
	return {
		entries: () => [...entries.values()],
		enter({ detail }) {
			const isFollowed = detail.state === "STARTED" || detail.state === "LATE";
			const requestedAt = Date.parse(detail.requestedAt);
			const expectedSeconds = detail.expectedEndAt
				? (Date.parse(detail.expectedEndAt) - requestedAt) / 1000
				: undefined;
			const followedSince = now() - Math.max(0, wall() - requestedAt);
			put(isFollowed ? { ...detail, followedSince, expectedSeconds } : detail);
		},
		close(execution) {
			const { run, trigger }: Run = JSON.parse(execution.payload);
			for (const target of resultOf(execution)?.targets ?? []) put({ ...target, run, trigger });
		},
	};
}

/** What a run returned; one that failed has an error that carries the result. */
export function resultOf({ result, error }: Execution): RunResult | undefined {
	const told = parseJson(result ?? error?.ErrorData ?? "");
	return isResult(told) ? told : undefined;
}

const isResult = (told: unknown): told is RunResult => isRecord(told) && Array.isArray(told["targets"]);

/** Whether every target of a run was completed or skipped. A run that found no target backed nothing up. */
export function isComplete(execution: Execution): boolean {
	const targets = resultOf(execution)?.targets ?? [];
	return execution.status === "SUCCEEDED" && targets.length > 0 && targets.every(({ state }) => isSuccess(state));
}
