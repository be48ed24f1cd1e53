import type {
	AcquisitionAction,
	AcquisitionState,
	AcquisitionTerms,
	LookupResult,
	Refusal,
	RequestResult,
} from "./acquisition-state.ts";
import {
	afterDoubt,
	again,
	askAgain,
	giveUp,
	LISTED_AFTER_SECONDS,
	lookAfter,
	lookAfterRefusal,
	type Next,
} from "./acquisition-timing.ts";
import type { Failure } from "./failure.ts";
import { afterRefusal, isLastingRefusal, noRefusals, REFUSAL_PAUSE_SECONDS } from "./failure.ts";
import type { FinalState, Reason } from "./outcome.ts";
import { isKeptAtLeast, type Snapshot } from "./snapshot.ts";

/** Looks in a row that fail before a definite refusal counts without one. */
const BLIND_LOOKS_AFTER_REFUSAL = 3;

/**
 * Decides after a request. One that left this process and did not bring a snapshot may have been carried out, whatever
 * was answered: something in between may have sent it twice. So nothing is concluded from it without a look.
 */
export function afterRequest(before: AcquisitionState, asked: RequestResult, terms: AcquisitionTerms): Next {
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
	if (verdict.refused && !isLastingRefusal(askRefusals, at)) return askAgain(known, at, terms, refusalPause(terms));
	const isConflict = code === "ATLAS_CONFLICT";
	if (isConflict || verdict.retry === "never") {
		const ending = { do: "explain", reason, code, again: isConflict } as const;
		return leftAt === null ? [known, ending] : [{ ...known, ending }, lookNow];
	}
	// A rate limit turns requests away before anything is carried out.
	const repeat = code === "ATLAS_RATE_LIMITED" ? again.bind(null, "ask") : askAgain;
	return repeat(known, at, terms, terms.backOff(known.asks, retryAfterSeconds), retryAfterSeconds);
}

const lookNow: AcquisitionAction = { do: "look", afterSeconds: 0 };

/** Decides after a look. */
export function afterLookup(before: AcquisitionState, looked: LookupResult, terms: AcquisitionTerms): Next {
	const { at } = looked;
	if ("verdict" in looked) return afterBlindLook(before, looked.verdict, at, terms);
	const taking = { ...before, blindLooks: 0, lookRefusals: noRefusals };
	const { ours, running } = looked.snapshots;
	if (ours)
		return [
			{ ...taking, inDoubt: false },
			{ do: "follow", snapshot: ours, provenance: "recovered" },
		];
	// Another's running snapshot clears no doubt: it may end while Atlas still has our request in hand.
	const isExplained = running !== undefined && !taking.inDoubt && !taking.ending;
	if (taking.looksLeft.length > 0 && !isExplained) return lookAfter(taking, taking.looksLeft);
	const certain = { ...taking, inDoubt: false };
	const { ending } = taking;
	if (ending && !(ending.do === "explain" && ending.again && running)) return [certain, ending];
	// A key that Atlas refuses is no matter of who else takes snapshots.
	if (running && taking.askRefusals.count === 0) return [certain, byPolicy(running, taking, terms)];
	// A first conflict of which no cause is seen: a copy of the request may be the cause, and a list may be minutes old.
	const listedAt = (taking.leftAt ?? Number.NEGATIVE_INFINITY) + LISTED_AFTER_SECONDS * 1000;
	if (taking.asks === 1 && taking.conflict && at < listedAt && listedAt < terms.deadlineAt)
		return lookAfterRefusal(taking, at);
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
export function afterExplanation(
	before: AcquisitionState,
	refusal: Refusal,
	explained: Explained,
	terms: AcquisitionTerms,
): Next {
	const { at, state, reason, confirmed } = explained;
	if (refusal.again && !confirmed)
		return askAgain({ ...before, ending: null }, at, terms, terms.backOff(2 * before.asks));
	const ending = { do: "end", state, reason } as const;
	if (confirmed || before.leftAt === null) return [before, ending];
	return lookAfterRefusal({ ...before, ending }, at);
}

function afterBlindLook(before: AcquisitionState, verdict: Failure, at: number, terms: AcquisitionTerms): Next {
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
		if (!isLastingRefusal(lookRefusals, at)) return again("look", taking, at, terms, refusalPause(terms));
		return [taking, { do: "explain", reason: reason ?? verdict.reason, code: verdict.code, again: false }];
	}
	if (verdict.retry === "again" || ending) return again("look", taking, at, terms, pause, retryAfterSeconds);
	return [taking, { do: "end", state: "REFUSED", reason: verdict.reason }];
}

function byPolicy(
	running: Snapshot,
	{ conflict, ending }: AcquisitionState,
	{ policy, retentionInDays }: AcquisitionTerms,
): AcquisitionAction {
	const why = conflict ??
		ending?.reason ?? { code: "ATLAS_SNAPSHOT_RUNNING", message: "another on-demand snapshot is running" };
	switch (policy) {
		case "join":
			if (!isKeptAtLeast(running, retentionInDays)) return { do: "wait-for", snapshot: running };
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
const refusalPause = ({ backOff }: AcquisitionTerms): number => Math.max(REFUSAL_PAUSE_SECONDS, backOff(1));
