import type { FinalState, Reason } from "./outcome.ts";
import { afterRefusal, isBelieved, noRefusals, REFUSAL_PAUSE_SECONDS } from "./refusals.ts";
import { isKeptFor, type Snapshot } from "./snapshot.ts";
import type { Asked, End, Looked, Move, Refusal, Taking, Terms } from "./taking-state.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Seconds between the looks after a request in doubt. Together a minute: three times as long as a reply may take, so
 * that a request which Atlas still has in hand is not overtaken by a second one.
 */
const LOOKS_IN_DOUBT = [5, 15, 40] as const;
const DOUBT_SECONDS = 60;
/** After them, once the deadline forbids another request: ten minutes, since a list may be minutes old. */
const LOOKS_BEFORE_GIVING_UP = [60, 180, 360] as const;
const UNSURE_MS = 10 * 60_000;
/** Seconds from a request that was refused for good, and may have been carried out all the same, to the looks after it. */
const LOOKS_AFTER_REFUSAL = [20, 60, 130] as const;
/** Seconds between the last request before the deadline and the look after it, and at the least. */
const LAST_LOOK_SECONDS = 20;
const LEAST_LAST_LOOK_SECONDS = 5;
/** Requests in doubt after which ours is looked for three times. */
const DOUBTS_WITH_LOOKS = 2;
/** Looks in a row that fail before a definite refusal counts without one. */
const BLIND_LOOKS_AFTER_REFUSAL = 3;
/** Seconds before the deadline at which Atlas is asked for the last time, where a longer pause would be due. */
const LAST_MOMENT_SECONDS = 15;

type Next = readonly [Taking, Move];

/**
 * Decides after a request. One that left this process and did not bring a snapshot may have been carried out, whatever
 * was answered: something in between may have sent it twice. So nothing is concluded from it without a look.
 */
export function afterAsking(before: Taking, asked: Asked, terms: Terms): Next {
	if ("tooLate" in asked) return giveUp(before, asked.at, terms);
	const taking = { ...before, asks: before.asks + 1, looksLeft: [], ending: null };
	if ("snapshot" in asked) return [taking, { do: "follow", snapshot: asked.snapshot, provenance: "created" }];
	const { verdict, at } = asked;
	const { code, reason, executed, retryAfterSeconds } = verdict;
	const askRefusals = verdict.refused ? afterRefusal(before.askRefusals, at) : noRefusals;
	const leftAt = executed === "unknown" ? at : before.leftAt;
	const known = { ...taking, blindLooks: 0, lookRefusals: noRefusals, leftAt, reason, askRefusals };
	if (executed === "unknown" && !verdict.answered) {
		return afterDoubt({ ...known, inDoubt: true, doubts: known.doubts + 1 }, at, terms, retryAfterSeconds);
	}
	if (code === "ATLAS_SNAPSHOT_RUNNING") return [{ ...known, conflict: reason }, lookNow];
	if (verdict.refused && !isBelieved(askRefusals, at)) return askAgain(known, at, terms, refusalPause(terms));
	const again = code === "ATLAS_CONFLICT";
	if (again || verdict.retry === "never") {
		const ending = { do: "explain", reason, code, again } as const;
		return leftAt === null ? [known, ending] : [{ ...known, ending }, lookNow];
	}
	return askAgain(known, at, terms, terms.backOff(known.asks, retryAfterSeconds), retryAfterSeconds);
}

/**
 * The first times ours is looked for soon; later on the look before the next request does, at two operations less a
 * time. Not before Atlas wants any call (`least` seconds).
 */
function afterDoubt(taking: Taking, at: number, { backOff, deadlineAt, hardLimitAt }: Terms, least = 0): Next {
	const afterSeconds = Math.max(DOUBT_SECONDS, backOff(taking.asks, least));
	if (taking.doubts > DOUBTS_WITH_LOOKS && at + afterSeconds * 1000 < deadlineAt)
		return [taking, { do: "ask", afterSeconds }];
	const left = Math.max(1, Math.ceil((hardLimitAt - at) / 1000));
	return lookAfter(taking, LOOKS_IN_DOUBT, Math.min(least, left));
}

const lookNow: Move = { do: "look", afterSeconds: 0 };

/** @param least seconds before the first look at least */
const lookAfter = (taking: Taking, [first = 0, ...looksLeft]: readonly number[], least = 0): Next => [
	{ ...taking, looksLeft },
	{ do: "look", afterSeconds: Math.max(first, least) },
];

/** Decides after a look. */
export function afterLooking(before: Taking, looked: Looked, terms: Terms): Next {
	const { at } = looked;
	if ("verdict" in looked) return afterBlindLook(before, looked.verdict, at, terms);
	const taking = { ...before, blindLooks: 0, lookRefusals: noRefusals };
	const { ours, running } = looked.snapshots;
	if (ours) return [{ ...taking, inDoubt: false }, { do: "follow", snapshot: ours, provenance: "recovered" }];
	// Another's running snapshot clears no doubt: it may end while Atlas still has our request in hand.
	if (taking.looksLeft.length > 0) return lookAfter(taking, taking.looksLeft);
	const certain = { ...taking, inDoubt: false };
	const { ending } = taking;
	if (ending && !(ending.do === "explain" && ending.again && running)) return [certain, ending];
	// A key that Atlas refuses is no matter of who else takes snapshots.
	if (running && taking.askRefusals.count === 0) return [certain, byPolicy(running, taking, terms)];
	// A conflict whose cause ended while we looked: at once the first time, then with the back-off of a failure.
	const afterSeconds = taking.asks <= 1 ? 0 : terms.backOff(taking.asks - 1);
	const [next, move] = askAgain(taking, at, terms, afterSeconds);
	return [move.do === "ask" ? certain : next, move];
}

/** What a look at the cluster says of a refusal. `confirmed`: the cluster's own state is the reason. */
export interface Explained {
	/** Epoch milliseconds. */
	readonly at: number;
	readonly state: FinalState;
	readonly reason: Reason;
	readonly confirmed: boolean;
}

/** Decides after a look at the cluster: only what that look confirms is believed without looking for ours further. */
export function afterExplaining(before: Taking, refusal: Refusal, explained: Explained, terms: Terms): Next {
	const { at, state, reason, confirmed } = explained;
	if (refusal.again && !confirmed)
		return askAgain({ ...before, ending: null }, at, terms, terms.backOff(2 * before.asks));
	const ending = { do: "end", state, reason } as const;
	if (confirmed || before.leftAt === null) return [before, ending];
	const dueAt = LOOKS_AFTER_REFUSAL.map((seconds) => (before.leftAt ?? at) + seconds * 1000);
	const looksAt = [at, ...dueAt.filter((due) => due > at)];
	const pauses = looksAt.slice(1).map((due, index) => Math.ceil((due - (looksAt[index] ?? at)) / 1000));
	return lookAfter({ ...before, ending }, pauses);
}

function afterBlindLook(before: Taking, verdict: Verdict, at: number, terms: Terms): Next {
	const { retryAfterSeconds } = verdict;
	const { ending, askRefusals } = before;
	const lookRefusals = verdict.refused ? afterRefusal(before.lookRefusals, at) : noRefusals;
	// What Atlas said of the request itself says more than what it said of the look.
	const reason = askRefusals.count > 0 || ending ? before.reason : verdict.reason;
	const taking = { ...before, blindLooks: before.blindLooks + 1, lookRefusals, reason };
	const pause = terms.backOff(taking.blindLooks, retryAfterSeconds);
	if (taking.inDoubt) {
		const left = Math.ceil((terms.hardLimitAt - at) / 1000);
		if (left <= 0) return [taking, { do: "end", state: "LOST", reason: verdict.reason }];
		return [taking, { do: "look", afterSeconds: Math.min(pause, left) }];
	}
	if (ending) {
		// The list says the same of the cluster or the project as the answer to the request: nothing can have been left.
		const confirmed = "code" in ending && verdict.code === ending.code && verdict.retry === "never" && !verdict.refused;
		if (confirmed) return [{ ...taking, leftAt: null }, ending];
		if (taking.blindLooks >= BLIND_LOOKS_AFTER_REFUSAL || ending.do === "end") return [taking, ending];
	}
	if (verdict.refused) {
		if (!isBelieved(lookRefusals, at)) return again("look", taking, at, terms, refusalPause(terms));
		return [taking, { do: "explain", reason: reason ?? verdict.reason, code: verdict.code, again: false }];
	}
	if (verdict.retry === "again" || ending) return again("look", taking, at, terms, pause, retryAfterSeconds);
	return [taking, { do: "end", state: "REFUSED", reason: verdict.reason }];
}

function byPolicy(running: Snapshot, { conflict, ending }: Taking, { policy, retentionInDays }: Terms): Move {
	const why = conflict ??
		ending?.reason ?? { code: "ATLAS_SNAPSHOT_RUNNING", message: "another on-demand snapshot is running" };
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

const askAgain = (taking: Taking, at: number, terms: Terms, afterSeconds: number, least = 0): Next =>
	again("ask", taking, at, terms, afterSeconds, least);

/**
 * After the deadline nothing is asked for that was not carried out: the request was for this time, not for any. A pause
 * of ours that would reach beyond it is cut, for a last try; one that Atlas asked for (`least`) never is.
 */
function again(
	what: "ask" | "look",
	taking: Taking,
	at: number,
	terms: Terms,
	afterSeconds: number,
	least = 0,
): Next {
	if (at + afterSeconds * 1000 < terms.deadlineAt) return [taking, { do: what, afterSeconds }];
	const last = Math.floor((terms.deadlineAt - at) / 1000) - LAST_MOMENT_SECONDS;
	if (last >= Math.max(least, LAST_MOMENT_SECONDS)) return [taking, { do: what, afterSeconds: last }];
	return giveUp(taking, at, terms, least);
}

/**
 * Nothing more is asked for. What has left may have been carried out all the same, so ours is looked for to the last:
 * before the deadline where Atlas has answered, and beyond it where nobody knows.
 *
 * @param least seconds for which Atlas wants no call
 */
export function giveUp(taking: Taking, at: number, { deadlineAt }: Terms, least = 0): Next {
	const { reason } = taking;
	const ending: End = {
		do: "end",
		state: "REFUSED",
		reason: reason ?? { code: "DEADLINE", message: "no snapshot could be asked for before the deadline" },
	};
	const { leftAt, doubts } = taking;
	if (leftAt === null) return [taking, ending];
	const isUnsure = taking.inDoubt || (doubts > 0 && at - leftAt < UNSURE_MS);
	if (isUnsure) return lookAfter({ ...taking, inDoubt: true, ending }, LOOKS_BEFORE_GIVING_UP, least);
	const untilDeadline = Math.floor((deadlineAt - at) / 1000) - LEAST_LAST_LOOK_SECONDS;
	const pause = Math.min(Math.max(LAST_LOOK_SECONDS, least), untilDeadline);
	const isTime = pause >= Math.max(least, LEAST_LAST_LOOK_SECONDS);
	return isTime ? lookAfter({ ...taking, ending }, [pause]) : [taking, ending];
}
