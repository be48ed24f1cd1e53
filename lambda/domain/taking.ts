import { afterRefusal, isBelieved, noRefusals, REFUSAL_PAUSE_SECONDS } from "./refusals.ts";
import { isKeptFor, type Snapshot } from "./snapshot.ts";
import type { Asked, Looked, Move, Taking, Terms } from "./taking-state.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Seconds between the looks after a request in doubt. Together a minute: three times as long as a reply may take, so
 * that a request which Atlas still has in hand is not overtaken by a second one.
 */
const LOOKS_AFTER_DOUBT_SECONDS = [5, 15, 40] as const;
const DOUBT_SECONDS = 60;
/** Requests in doubt after which ours is looked for three times. */
const DOUBTS_WITH_LOOKS = 2;
/** Looks in a row that fail before a definite refusal counts without one. */
const BLIND_LOOKS_AFTER_REFUSAL = 3;
/** Seconds before the deadline at which Atlas is asked for the last time, where a longer pause would be due. */
const LAST_MOMENT_SECONDS = 15;

/**
 * Decides after a request. One that left this process and did not bring a snapshot may have been carried out, whatever
 * was answered: something in between may have sent it twice. So nothing is concluded from it without a look.
 */
export function afterAsking(before: Taking, asked: Asked, terms: Terms): readonly [Taking, Move] {
	if ("tooLate" in asked) return [before, tooLate(before)];
	const taking = { ...before, asks: before.asks + 1, emptyLooks: 0, blindLooks: 0, lookRefusals: noRefusals };
	if ("snapshot" in asked) {
		return [
			{ ...taking, inDoubt: false },
			{ do: "follow", snapshot: asked.snapshot, provenance: "created" },
		];
	}
	const { verdict, at } = asked;
	const { code, reason, executed } = verdict;
	const askRefusals = verdict.refused ? afterRefusal(before.askRefusals, at) : noRefusals;
	const known = { ...taking, hasLeft: executed === "unknown", reason, askRefusals, refusal: null };
	if (executed === "unknown" && !verdict.answered) {
		const doubted = { ...known, inDoubt: true, doubts: known.doubts + 1 };
		return [doubted, afterDoubt(doubted, at, terms, verdict.retryAfterSeconds)];
	}
	if (code === "ATLAS_SNAPSHOT_RUNNING") return [{ ...known, conflict: reason }, lookNow];
	if (verdict.refused && !isBelieved(askRefusals, at)) return [known, askAgain(known, at, terms, refusalPause(terms))];
	const again = code === "ATLAS_CONFLICT";
	if (again || verdict.retry === "never") {
		const refusal = { do: "explain", reason, code, again } as const;
		return executed === "no" ? [known, refusal] : [{ ...known, refusal }, lookNow];
	}
	const { retryAfterSeconds } = verdict;
	return [known, askAgain(known, at, terms, terms.backOff(known.asks, retryAfterSeconds), retryAfterSeconds)];
}

/**
 * The first times ours is looked for soon; later on the look before the next request does, at two operations less a
 * time. Not before Atlas wants any call (`least` seconds).
 */
function afterDoubt(
	{ asks, doubts }: Taking,
	at: number,
	{ backOff, deadlineAt, hardLimitAt }: Terms,
	least = 0,
): Move {
	const afterSeconds = Math.max(DOUBT_SECONDS, backOff(asks, least));
	if (doubts > DOUBTS_WITH_LOOKS && at + afterSeconds * 1000 < deadlineAt) return { do: "ask", afterSeconds };
	const left = Math.max(1, Math.ceil((hardLimitAt - at) / 1000));
	return { do: "look", afterSeconds: Math.min(Math.max(LOOKS_AFTER_DOUBT_SECONDS[0], least), left) };
}

const lookNow: Move = { do: "look", afterSeconds: 0 };

/** Decides after a look. */
export function afterLooking(before: Taking, looked: Looked, terms: Terms): readonly [Taking, Move] {
	if ("verdict" in looked) return afterBlindLook(before, looked.verdict, looked.at, terms);
	const taking = { ...before, blindLooks: 0, lookRefusals: noRefusals };
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
	const certain = { ...taking, inDoubt: false, emptyLooks: 0 };
	if (taking.refusal && !(taking.refusal.again && running)) return [certain, taking.refusal];
	// A key that Atlas refuses is no matter of who else takes snapshots.
	if (running && taking.askRefusals.count === 0) return [certain, byPolicy(running, taking, terms)];
	// A conflict whose cause ended while we looked: at once the first time, then with the back-off of a failure.
	const afterSeconds = taking.asks <= 1 ? 0 : terms.backOff(taking.asks - 1);
	return [certain, askAgain(certain, looked.at, terms, afterSeconds)];
}

/** Decides after a look at the cluster that explains nothing of a refusal which time may cure. */
export const afterExplaining = (taking: Taking, at: number, terms: Terms): readonly [Taking, Move] => [
	{ ...taking, refusal: null },
	askAgain(taking, at, terms, terms.backOff(2 * taking.asks)),
];

function afterBlindLook(before: Taking, verdict: Verdict, at: number, terms: Terms): readonly [Taking, Move] {
	const { retryAfterSeconds } = verdict;
	const { refusal, askRefusals } = before;
	const lookRefusals = verdict.refused ? afterRefusal(before.lookRefusals, at) : noRefusals;
	// What Atlas said of the request itself says more than what it said of the look.
	const reason = askRefusals.count > 0 || refusal ? before.reason : verdict.reason;
	const taking = { ...before, blindLooks: before.blindLooks + 1, lookRefusals, reason };
	const pause = terms.backOff(taking.blindLooks, retryAfterSeconds);
	if (taking.inDoubt) {
		const left = Math.ceil((terms.hardLimitAt - at) / 1000);
		if (left <= 0) return [taking, { do: "end", state: "LOST", reason: verdict.reason }];
		return [taking, { do: "look", afterSeconds: Math.min(pause, left) }];
	}
	// The list says the same of the cluster or the project as the answer to the request: there is nothing to look for.
	const confirmed = verdict.retry === "never" && !verdict.refused && verdict.code === refusal?.code;
	if (refusal && (confirmed || taking.blindLooks >= BLIND_LOOKS_AFTER_REFUSAL)) return [taking, refusal];
	if (verdict.refused) {
		if (!isBelieved(lookRefusals, at)) return [taking, again("look", taking, at, terms, refusalPause(terms))];
		return [taking, { do: "explain", reason: reason ?? verdict.reason, code: verdict.code, again: false }];
	}
	if (verdict.retry === "again" || refusal) return [taking, again("look", taking, at, terms, pause, retryAfterSeconds)];
	return [taking, { do: "end", state: "REFUSED", reason: verdict.reason }];
}

function byPolicy(running: Snapshot, { conflict, refusal }: Taking, { policy, retentionInDays }: Terms): Move {
	const why = conflict ??
		refusal?.reason ?? { code: "ATLAS_SNAPSHOT_RUNNING", message: "another on-demand snapshot is running" };
	switch (policy) {
		case "join":
			if (!isKeptFor(running, retentionInDays)) return { do: "wait-for", snapshot: running };
			return { do: "follow", snapshot: running, provenance: "adopted" };
		case "wait":
			return { do: "wait-for", snapshot: running };
		case "skip":
			return { do: "end", state: "SKIPPED", reason: why };
		case "fail":
			return { do: "end", state: "REFUSED", reason: why };
	}
}

/** Refusals that pass and come back may go on for days: what a back-off keeps of the durable operations, this pause keeps too. */
const refusalPause = ({ backOff }: Terms): number => Math.max(REFUSAL_PAUSE_SECONDS, backOff(1));

const askAgain = (taking: Taking, at: number, terms: Terms, afterSeconds: number, least = 0): Move =>
	again("ask", taking, at, terms, afterSeconds, least);

/**
 * After the deadline nothing is asked for that was not carried out: the request was for this time, not for any. A pause
 * of ours that would reach beyond it is cut, for a last try; one that Atlas asked for (`least`) never is.
 */
function again(
	what: "ask" | "look",
	taking: Taking,
	at: number,
	{ deadlineAt }: Terms,
	afterSeconds: number,
	least = 0,
): Move {
	if (at + afterSeconds * 1000 < deadlineAt) return { do: what, afterSeconds };
	const last = Math.floor((deadlineAt - at) / 1000) - LAST_MOMENT_SECONDS;
	return last >= Math.max(least, LAST_MOMENT_SECONDS) ? { do: what, afterSeconds: last } : tooLate(taking);
}

export const tooLate = ({ reason }: Taking): Move => ({
	do: "end",
	state: "REFUSED",
	reason: reason ?? { code: "DEADLINE", message: "no snapshot could be asked for before the deadline" },
});
