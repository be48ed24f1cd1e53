import type { FinalState, Provenance, Reason } from "./outcome.ts";
import type { ConflictPolicy } from "./request.ts";
import { isOnDemand, isRunning, type Snapshot } from "./snapshot.ts";
import type { Verdict } from "./verdict.ts";

/**
 * How one snapshot comes to be taken, and never two: a state machine without clock or I/O. Each move is carried out by
 * the story in `run/`, which brings back what it saw.
 */
export type Move =
	/** Ask Atlas for a snapshot, after so many seconds. */
	| { readonly do: "ask"; readonly afterSeconds: number }
	/** Look through the lists for our marker, after so many seconds. */
	| { readonly do: "look"; readonly afterSeconds: number }
	/** Wait until another's snapshot has ended, then ask. */
	| { readonly do: "wait-for"; readonly snapshot: Snapshot }
	| { readonly do: "follow"; readonly snapshot: Snapshot; readonly provenance: Provenance }
	/** Atlas said no: explain it by a look at the cluster. */
	| { readonly do: "explain"; readonly reason: Reason; readonly code: string }
	| { readonly do: "end"; readonly state: FinalState; readonly reason: Reason };

/** What is known between two moves. */
export interface Taking {
	/** Requests sent to Atlas for this snapshot. */
	readonly asks: number;
	/** Looks in a row that did not find ours, since the last request in doubt. */
	readonly emptyLooks: number;
	/** Looks in a row that could not be made. */
	readonly blindLooks: number;
	/** A request was sent of which nobody knows whether it was carried out. */
	readonly inDoubt: boolean;
	/** Why the last request or look did not do. */
	readonly reason: Reason | null;
	/** Atlas's words when it last refused a request because another's snapshot was running. */
	readonly conflict: Reason | null;
}

export const untaken: Taking = { asks: 0, emptyLooks: 0, blindLooks: 0, inDoubt: false, reason: null, conflict: null };

/** What one request brought. `at` is epoch milliseconds. */
export type Asked =
	| { readonly at: number; readonly snapshot: Snapshot }
	| { readonly at: number; readonly verdict: Verdict };

/** What one look through the lists brought. */
export type Looked =
	| { readonly at: number; readonly snapshots: { readonly ours?: Snapshot; readonly running?: Snapshot } }
	| { readonly at: number; readonly verdict: Verdict };

/** What the moves of one target depend on. */
export interface Terms {
	readonly policy: ConflictPolicy;
	/** Epoch milliseconds. Past it nothing new is asked for. */
	readonly deadlineAt: number;
	/** Epoch milliseconds. Past it nothing is looked for. */
	readonly hardLimitAt: number;
	/** Seconds to wait after so many failures in a row; honours what Atlas asks for. */
	readonly backOff: (attempt: number, retryAfterSeconds?: number) => number;
}

/**
 * Seconds between the looks after a request in doubt. Together a minute: three times as long as a reply may take, so
 * that a request which Atlas still has in hand is not overtaken by a second one.
 */
const LOOKS_AFTER_DOUBT_SECONDS = [5, 15, 40] as const;

/** Decides after a request. */
export function afterAsking(before: Taking, asked: Asked, terms: Terms): readonly [Taking, Move] {
	const taking = { ...before, asks: before.asks + 1, emptyLooks: 0, blindLooks: 0 };
	if ("snapshot" in asked) {
		return [
			{ ...taking, inDoubt: false },
			{ do: "follow", snapshot: asked.snapshot, provenance: "created" },
		];
	}
	const { verdict, at } = asked;
	const known = { ...taking, reason: verdict.reason };
	if (verdict.executed === "unknown") {
		return [
			{ ...known, inDoubt: true },
			{ do: "look", afterSeconds: LOOKS_AFTER_DOUBT_SECONDS[0] },
		];
	}
	if (verdict.code === "ATLAS_SNAPSHOT_RUNNING") {
		return [
			{ ...known, conflict: verdict.reason },
			{ do: "look", afterSeconds: 0 },
		];
	}
	// A proxy that repeats a request makes its digest stale: the key is refused although the first copy was carried out.
	if (verdict.code === "ATLAS_KEY_REFUSED") return [known, { do: "look", afterSeconds: 0 }];
	if (verdict.retry === "never") return [known, { do: "explain", reason: verdict.reason, code: verdict.code }];
	return [known, askAgain(known, at, terms, terms.backOff(known.asks, verdict.retryAfterSeconds))];
}

/** Decides after a look. */
export function afterLooking(before: Taking, looked: Looked, terms: Terms): readonly [Taking, Move] {
	if ("verdict" in looked) return afterBlindLook(before, looked.verdict, looked.at, terms);
	const taking = { ...before, blindLooks: 0 };
	const { ours, running } = looked.snapshots;
	if (ours)
		return [
			{ ...taking, inDoubt: false },
			{ do: "follow", snapshot: ours, provenance: "recovered" },
		];
	// Another's running snapshot clears no doubt: it may end while Atlas still has our request in hand.
	if (taking.inDoubt) {
		const emptyLooks = taking.emptyLooks + 1;
		const pause = LOOKS_AFTER_DOUBT_SECONDS[emptyLooks];
		if (pause !== undefined)
			return [
				{ ...taking, emptyLooks },
				{ do: "look", afterSeconds: pause },
			];
	}
	if (running) return [{ ...taking, inDoubt: false, emptyLooks: 0 }, byPolicy(running, taking, terms)];
	const certain = { ...taking, inDoubt: false, emptyLooks: 0 };
	// A conflict whose cause ended while we looked: at once the first time, then with the back-off of a failure.
	const afterSeconds = before.inDoubt || taking.asks <= 1 ? 0 : terms.backOff(taking.asks - 1);
	return [certain, askAgain(certain, looked.at, terms, afterSeconds)];
}

function afterBlindLook(before: Taking, verdict: Verdict, at: number, terms: Terms): readonly [Taking, Move] {
	const taking = { ...before, blindLooks: before.blindLooks + 1, reason: verdict.reason };
	const again: Move = { do: "look", afterSeconds: terms.backOff(taking.blindLooks, verdict.retryAfterSeconds) };
	if (taking.inDoubt) {
		return at < terms.hardLimitAt ? [taking, again] : [taking, { do: "end", state: "LOST", reason: verdict.reason }];
	}
	if (verdict.retry === "again" && at < terms.deadlineAt) return [taking, again];
	return [taking, { do: "end", state: "REFUSED", reason: verdict.reason }];
}

function byPolicy(running: Snapshot, { conflict }: Taking, { policy }: Terms): Move {
	const why = conflict ?? { code: "ATLAS_SNAPSHOT_RUNNING", message: "another on-demand snapshot is running" };
	switch (policy) {
		case "join":
			return { do: "follow", snapshot: running, provenance: "adopted" };
		case "wait":
			return { do: "wait-for", snapshot: running };
		case "skip":
			return { do: "end", state: "SKIPPED", reason: why };
		case "fail":
			return { do: "end", state: "REFUSED", reason: why };
	}
}

/** After the deadline nothing is asked for that was not carried out: the request was for this time, not for any. */
function askAgain({ reason }: Taking, at: number, { deadlineAt }: Terms, afterSeconds: number): Move {
	if (at + afterSeconds * 1000 < deadlineAt) return { do: "ask", afterSeconds };
	return {
		do: "end",
		state: "REFUSED",
		reason: reason ?? { code: "DEADLINE", message: "no snapshot could be asked for before the deadline" },
	};
}

/** Picks what matters for one run out of a cluster's snapshots: its own by the marker, and a running one of others. */
export function findIn(snapshots: readonly Snapshot[], marker: string): { ours?: Snapshot; running?: Snapshot } {
	const ours = snapshots.find(({ description }) => typeof description === "string" && description.endsWith(marker));
	const running = snapshots.find((snapshot) => isOnDemand(snapshot) && isRunning(snapshot));
	return { ...(ours ? { ours } : {}), ...(running ? { running } : {}) };
}
