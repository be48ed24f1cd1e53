import type { Execution } from "../aws/engine.ts";
import { isRecord, parseJson } from "../json.ts";
import type { Entry } from "./ledger.ts";
import { duration } from "./words.ts";

/** The last look at a snapshot that is being followed. */
export interface Look {
	/** Atlas's word. */
	readonly status: string;
	/** Looks made. */
	readonly looks: number;
}

/**
 * Reads out of the history of an execution how far its snapshots are, by their ids: each look is a turn of a
 * `waitForCondition`, whose state holds the watch.
 */
export function looksOf(execution: Execution): ReadonlyMap<string, Look> {
	const looks = new Map<string, Look>();
	for (const { SubType, StepSucceededDetails } of execution.history()) {
		const payload = SubType === "WaitForCondition" ? StepSucceededDetails?.Result?.Payload : undefined;
		const state = parseJson(payload ?? "");
		const watch = isRecord(state) ? state["watch"] : undefined;
		if (!isRecord(watch)) continue;
		const { snapshotId, status, looks: made } = watch;
		if (typeof snapshotId === "string" && typeof status === "string" && typeof made === "number") {
			looks.set(snapshotId, { status, looks: made });
		}
	}
	return looks;
}

/** Targets that are told one by one; more of them are told by their number. */
const ONE_BY_ONE = 3;

/** @param at epoch milliseconds, by the clock of `followedSince` */
export function progressOf(waiting: readonly Entry[], looks: ReadonlyMap<string, Look>, at: number): string {
	const told = waiting.map(({ clusterName, snapshotId, followedSince = at }) => {
		const look = looks.get(snapshotId ?? "");
		return { clusterName, seconds: (at - followedSince) / 1000, look };
	});
	if (told.length <= ONE_BY_ONE) {
		return told
			.map(({ clusterName, seconds, look }) => {
				const seen = look ? `${look.status} ${duration(seconds)}, look ${look.looks}` : duration(seconds);
				return `${clusterName} ${seen}`;
			})
			.join(" · ");
	}
	const counts = Map.groupBy(told, ({ look }) => look?.status ?? "started");
	const groups = [...counts].map(([status, members]) => `${members.length} ${status}`);
	return `${groups.join(" · ")}, the longest for ${duration(Math.max(...told.map(({ seconds }) => seconds)))}`;
}
