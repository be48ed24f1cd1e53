import type {
	AcquisitionAction,
	AcquisitionState,
	AcquisitionTerms,
	LookupResult,
	RequestResult,
	UnexplainedRejection,
} from "./acquisition-state.ts";
import {
	afterNoReply,
	giveUp,
	LISTED_AFTER_SECONDS,
	LOOKUPS_AFTER_REFUSAL,
	lookUpAfter,
	lookUpAfterRejection,
	type Next,
	repeatBeforeDeadline,
	requestAgain,
} from "./acquisition-timing.ts";
import type { Failure } from "./failure.ts";
import { afterRefusal, isLastingRefusal, noRefusals, REFUSAL_PAUSE_SECONDS } from "./failure.ts";
import type { FinalState, Reason } from "./outcome.ts";
import { isKeptAtLeast, type Snapshot } from "./snapshot.ts";

/** Steps of the back-off per failed lookup. */
const LOOKUP_BACK_OFF = 0.6;

const lookUpNow: AcquisitionAction = { do: "look-up", afterSeconds: 0 };

/**
 * Decides after a request. One that was sent and did not return a snapshot may have been executed, whatever was
 * answered: a proxy may have sent it twice. So nothing is concluded from it without a lookup.
 */
export function afterRequest(before: AcquisitionState, result: RequestResult, terms: AcquisitionTerms): Next {
	if ("tooLate" in result) return giveUp(before, result.at, terms);
	const counted = { ...before, requests: before.requests + 1, lookupPauses: [], ending: null };
	if ("snapshot" in result) return [counted, { do: "follow", snapshot: result.snapshot, provenance: "created" }];
	const { failure, at } = result;
	const { code, reason, executed, retryAfterSeconds } = failure;
	const requestRefusals = failure.refused ? afterRefusal(before.requestRefusals, at) : noRefusals;
	const sentAt = executed === "unknown" ? at : before.sentAt;
	const state = { ...counted, failedLookups: 0, lookupRefusals: noRefusals, sentAt, reason, requestRefusals };
	if (executed === "unknown" && !failure.answered) {
		const inDoubt = { ...state, inDoubt: true, requestsInDoubt: state.requestsInDoubt + 1 };
		return afterNoReply(inDoubt, at, terms, retryAfterSeconds);
	}
	if (code === "ATLAS_SNAPSHOT_RUNNING") return [{ ...state, conflict: reason }, lookUpNow];
	if (failure.refused && !isLastingRefusal(requestRefusals, at)) {
		if (state.requests <= 2 && sentAt !== null) return lookUpAfter(state, LOOKUPS_AFTER_REFUSAL);
		return requestAgain(state, at, terms, refusalPause(terms));
	}
	const isConflict = code === "ATLAS_CONFLICT";
	if (isConflict || failure.retry === "never") {
		const ending = { do: "explain", reason, code, again: isConflict } as const;
		return sentAt === null ? [state, ending] : [{ ...state, ending }, lookUpNow];
	}
	return requestAgain(state, at, terms, terms.backOff(state.requests, retryAfterSeconds), retryAfterSeconds);
}

/** Decides after a lookup. */
export function afterLookup(before: AcquisitionState, lookup: LookupResult, terms: AcquisitionTerms): Next {
	const { at } = lookup;
	if ("failure" in lookup) return afterFailedLookup(before, lookup.failure, at, terms);
	const state = { ...before, failedLookups: 0, lookupRefusals: noRefusals };
	const certain = { ...state, inDoubt: false };
	const { ending } = state;
	const { own, running } = lookup.snapshots;
	if (own) return [certain, { do: "follow", snapshot: own, provenance: "recovered" }];
	// Another's running snapshot does not show whether a request without a reply was executed: Atlas may still execute it.
	const isExplained = running !== undefined && !state.inDoubt && !ending;
	if (state.lookupPauses.length > 0 && !isExplained) return lookUpAfter(state, state.lookupPauses);
	if (ending && !(ending.do === "explain" && ending.again && running)) return [certain, ending];
	// A key that Atlas refuses has nothing to do with others' snapshots.
	if (running && state.requestRefusals.count === 0) return [certain, applyConflictPolicy(running, state, terms)];
	// A first conflict without a visible cause: a copy of the request may be the cause, and the list may be old.
	const listedAt = (state.sentAt ?? Number.NEGATIVE_INFINITY) + LISTED_AFTER_SECONDS * 1000;
	if (state.requests === 1 && state.conflict && at < listedAt && listedAt < terms.deadlineAt)
		return lookUpAfterRejection(state, at);
	const [next, action] = requestAgain(state, at, terms, state.requests <= 1 ? 0 : terms.backOff(state.requests - 1));
	return [action.do === "request" ? certain : next, action];
}

/** What the cluster's own state says of a rejection. `confirmed`: it is the reason. */
export interface Explanation {
	/** Epoch milliseconds. */
	readonly at: number;
	readonly state: FinalState;
	readonly reason: Reason;
	readonly confirmed: boolean;
}

/** Decides after an explanation. Only a confirmed one ends the target without further lookups. */
export function afterExplanation(
	before: AcquisitionState,
	rejection: UnexplainedRejection,
	explanation: Explanation,
	terms: AcquisitionTerms,
): Next {
	const { at, state, reason, confirmed } = explanation;
	if (rejection.again && !confirmed)
		return requestAgain({ ...before, ending: null }, at, terms, terms.backOff(2 * before.requests));
	const ending = { do: "end", state, reason } as const;
	if (confirmed || before.sentAt === null) return [before, ending];
	return lookUpAfterRejection({ ...before, ending }, at);
}

/** A request that was sent stays in doubt for as long as the list cannot be read, whatever was answered to it. */
function afterFailedLookup(before: AcquisitionState, failure: Failure, at: number, terms: AcquisitionTerms): Next {
	const { retryAfterSeconds, refused } = failure;
	const { ending, requestRefusals } = before;
	const lookupRefusals = refused ? afterRefusal(before.lookupRefusals, at) : noRefusals;
	// What Atlas said of the request itself says more than what it said of the lookup.
	const reason = requestRefusals.count > 0 || ending ? before.reason : failure.reason;
	const state = { ...before, failedLookups: before.failedLookups + 1, lookupRefusals, reason };
	// The list fails for the same reason as the request, which is the cluster's or the project's: nothing was created.
	const isConfirmed =
		ending !== null && "code" in ending && failure.code === ending.code && failure.retry === "never" && !refused;
	if (ending && isConfirmed && !state.inDoubt) return [{ ...state, sentAt: null }, ending];
	if (refused && !state.inDoubt) {
		if (!isLastingRefusal(lookupRefusals, at))
			return repeatBeforeDeadline("look-up", state, at, terms, refusalPause(terms));
		if (ending) return [state, ending];
		return [state, { do: "explain", reason: reason ?? failure.reason, code: failure.code, again: false }];
	}
	const left = Math.ceil((terms.hardLimitAt - at) / 1000);
	if (left <= 0) return [state, { do: "end", state: "LOST", reason: failure.reason }];
	// Each pause is shorter than the time before it, so that a snapshot is found soon after the list can be read again.
	const pause = terms.backOff(Math.ceil(state.failedLookups * LOOKUP_BACK_OFF), retryAfterSeconds, true);
	return [
		{ ...state, inDoubt: true },
		{ do: "look-up", afterSeconds: Math.min(pause, left) },
	];
}

function applyConflictPolicy(
	running: Snapshot,
	{ conflict, ending }: AcquisitionState,
	{ policy, retentionInDays }: AcquisitionTerms,
): AcquisitionAction {
	const reason = conflict ??
		ending?.reason ?? { code: "ATLAS_SNAPSHOT_RUNNING", message: "another on-demand snapshot is running" };
	switch (policy) {
		case "join":
			if (!isKeptAtLeast(running, retentionInDays)) return { do: "wait-for-other", snapshot: running };
			return { do: "follow", snapshot: running, provenance: "adopted" };
		case "wait":
			return { do: "wait-for-other", snapshot: running };
		case "skip":
			return { do: "end", state: "SKIPPED", reason };
		case "fail":
			return { do: "end", state: "REFUSED", reason };
	}
}

/** Refusals that pass and come back may go on for days, so the back-off limits their operations too. */
const refusalPause = ({ backOff }: AcquisitionTerms): number => Math.max(REFUSAL_PAUSE_SECONDS, backOff(1));
