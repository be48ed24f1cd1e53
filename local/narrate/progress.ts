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

/** @param at milliseconds, by the clock of `followedSince`; @param withBar where the terminal can draw one */
export function progressOf(
	waiting: readonly Entry[],
	looks: ReadonlyMap<string, Look>,
	at: number,
	withBar = false,
): string {
	const told = waiting.map(({ clusterName, snapshotId, followedSince = at, expectedSeconds }) => {
		const look = looks.get(snapshotId ?? "");
		const seconds = (at - followedSince) / 1000;
		const left = expectedSeconds === undefined ? "" : `, ${describeLeft(seconds, expectedSeconds, withBar)}`;
		return { clusterName, seconds, look, left };
	});
	if (told.length <= ONE_BY_ONE) {
		return told
			.map(({ clusterName, seconds, look, left }) => {
				const seen = look ? `${look.status} ${duration(seconds)}, look ${look.looks}` : duration(seconds);
				return `${clusterName} ${seen}${left}`;
			})
			.join(" · ");
	}
	const counts = Map.groupBy(told, ({ look }) => look?.status ?? "started");
	const groups = [...counts].map(([status, members]) => `${members.length} ${status}`);
	return `${groups.join(" · ")}, the longest for ${duration(Math.max(...told.map(({ seconds }) => seconds)))}`;
}

/** Characters of a bar. */
const BAR = 10;

/** How far a snapshot is, and how long it is likely to last, by the earlier ones. */
function describeLeft(seconds: number, expectedSeconds: number, withBar: boolean): string {
	if (seconds >= expectedSeconds) return `longer than the usual ${duration(expectedSeconds)}`;
	const share = seconds / expectedSeconds;
	const full = Math.floor(share * BAR);
	const bar = withBar ? `${"█".repeat(full)}${"░".repeat(BAR - full)} ` : "";
	return `${bar}${Math.floor(share * 100)} %, about ${roughly(expectedSeconds - seconds)} left`;
}

/** A prediction is told without seconds, as long as it is not about seconds. */
const roughly = (seconds: number): string =>
	seconds < 90 || seconds >= 3600 ? duration(seconds) : `${Math.round(seconds / 60)} min`;
