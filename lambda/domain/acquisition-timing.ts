import type { AcquisitionAction, AcquisitionState, AcquisitionTerms, End } from "./acquisition-state.ts";
import { refusalReportTime } from "./failure.ts";

/** Seconds after an answered request by which the list shows its snapshot: a list may be two minutes old. */
export const LISTED_AFTER_SECONDS = 125;
/** The same after a 401 or 403, where less time is left: a lasting one is to be reported within five minutes. */
const LISTED_AFTER_REFUSAL_SECONDS = 62;
/** The same after a request without a reply, which Atlas may still execute within a minute. */
const LISTED_AFTER_NO_REPLY_SECONDS = 190;

/**
 * Seconds between the lookups after the first and the second request without a reply. They are close at first, since a
 * list is usually up to date, and together reach {@link LISTED_AFTER_NO_REPLY_SECONDS}.
 */
const LOOKUPS_IN_DOUBT: readonly (readonly number[])[] = [
	[5, 40, 60, 60, 25],
	[5, 40, 60, 85],
];
/** Seconds between the lookups once the deadline forbids another request: ten minutes in all. */
const LOOKUPS_AFTER_DEADLINE: readonly number[] = [20, 100, 480];
/** Milliseconds after an unanswered request for which its snapshot is looked for past the deadline. */
const LATE_EXECUTION_MS = 10 * 60_000;
/** Seconds from a request that Atlas rejected to each lookup: a proxy may have sent it twice. */
const LOOKUPS_AFTER_REJECTION: readonly number[] = [20, 60, LISTED_AFTER_SECONDS];
/** Seconds from each of the first two requests, if it was refused, to the lookup halfway to the next one. */
export const LOOKUPS_AFTER_REFUSAL: readonly number[] = [LISTED_AFTER_REFUSAL_SECONDS / 2];
/** Seconds from the last request before the deadline to the lookup after it; and the least. */
const LAST_LOOKUP_SECONDS = 20;
const LEAST_LAST_LOOKUP_SECONDS = 5;
/** Seconds before the deadline of the last request, where a longer pause would pass the deadline. */
const LAST_REQUEST_SECONDS = 15;

/** What is known, and what is done next. */
export type Next = readonly [AcquisitionState, AcquisitionAction];

/** @param least seconds before the first lookup */
export const lookUpAfter = (
	state: AcquisitionState,
	[first = 0, ...lookupPauses]: readonly number[],
	least = 0,
): Next => [
	{ ...state, lookupPauses },
	{ do: "look-up", afterSeconds: Math.max(first, least) },
];

/** Series of lookups at fixed times that may still come. Durable operations are kept for them. */
export const fixedLookupsLeft = ({ requests, requestsInDoubt }: AcquisitionState): readonly (readonly number[])[] => [
	LOOKUPS_AFTER_DEADLINE,
	...(requests === 0 ? [LOOKUPS_AFTER_REJECTION, LOOKUPS_AFTER_REFUSAL] : []),
	...LOOKUPS_IN_DOUBT.slice(requestsInDoubt),
];

/**
 * The lookups of {@link LOOKUPS_AFTER_REJECTION} that are still to come, counted from the last request. Those after a
 * lasting refusal end in time for it to be reported within five minutes.
 */
export function lookUpAfterRejection(state: AcquisitionState, at: number): Next {
	const { sentAt, requestRefusals } = state;
	const until = requestRefusals.count > 0 ? refusalReportTime([requestRefusals], at) : Number.POSITIVE_INFINITY;
	const dueAt = LOOKUPS_AFTER_REJECTION.map((seconds) => (sentAt ?? at) + seconds * 1000).filter(
		(due) => due > at && due <= until,
	);
	const pauses = dueAt.map((due, index) => Math.ceil((due - (dueAt[index - 1] ?? at)) / 1000));
	return lookUpAfter(state, pauses);
}

/**
 * A request was sent and no reply came. After the first two the snapshot is looked for soon; after later ones by the
 * lookup before the next request, which saves operations.
 *
 * @param least seconds for which Atlas wants no call
 */
export function afterNoReply(state: AcquisitionState, at: number, terms: AcquisitionTerms, least = 0): Next {
	const { backOff, deadlineAt, hardLimitAt } = terms;
	if (at + LISTED_AFTER_NO_REPLY_SECONDS * 1000 >= deadlineAt) return giveUp(state, at, terms, least);
	const lookups = LOOKUPS_IN_DOUBT[state.requestsInDoubt - 1];
	const left = Math.max(1, Math.ceil((hardLimitAt - at) / 1000));
	if (lookups) return lookUpAfter(state, lookups, Math.min(least, left));
	const pause = Math.max(LISTED_AFTER_NO_REPLY_SECONDS, backOff(state.requests, least));
	return repeatBeforeDeadline("request", state, at, terms, pause, least);
}

/** Sends the request again, not before the list shows what the last one created. */
export function requestAgain(
	state: AcquisitionState,
	at: number,
	terms: AcquisitionTerms,
	afterSeconds: number,
	least = 0,
): Next {
	const { sentAt, requestRefusals } = state;
	const listedAfter = requestRefusals.count > 0 ? LISTED_AFTER_REFUSAL_SECONDS : LISTED_AFTER_SECONDS;
	const untilListed = sentAt === null ? 0 : listedAfter - Math.floor((at - sentAt) / 1000);
	return repeatBeforeDeadline("request", state, at, terms, Math.max(afterSeconds, untilListed), least, untilListed);
}

/**
 * Repeats a request or a lookup, never after the deadline. A pause that would pass it is cut for a last try.
 *
 * @param least seconds for which Atlas wants no call
 * @param shortest seconds to which the pause may be cut
 */
export function repeatBeforeDeadline(
	what: "request" | "look-up",
	state: AcquisitionState,
	at: number,
	terms: AcquisitionTerms,
	afterSeconds: number,
	least = 0,
	shortest = 0,
): Next {
	if (at + afterSeconds * 1000 < terms.deadlineAt) return [state, { do: what, afterSeconds }];
	const last = Math.floor((terms.deadlineAt - at) / 1000) - LAST_REQUEST_SECONDS;
	if (last >= Math.max(least, shortest, LAST_REQUEST_SECONDS)) return [state, { do: what, afterSeconds: last }];
	return giveUp(state, at, terms, least);
}

/**
 * No further request. One that was sent may have been executed, so its snapshot is looked for a last time: before the
 * deadline where Atlas has answered, and past it where it has not.
 *
 * @param least seconds for which Atlas wants no call
 */
export function giveUp(state: AcquisitionState, at: number, { deadlineAt }: AcquisitionTerms, least = 0): Next {
	const { reason, sentAt, inDoubt, requestsInDoubt } = state;
	const ending: End = {
		do: "end",
		state: "REFUSED",
		reason: reason ?? { code: "DEADLINE", message: "no snapshot could be requested before the deadline" },
	};
	if (sentAt === null) return [state, ending];
	const mayBeExecuted = inDoubt || (requestsInDoubt > 0 && at - sentAt < LATE_EXECUTION_MS);
	if (mayBeExecuted) return lookUpAfter({ ...state, inDoubt: true, ending }, LOOKUPS_AFTER_DEADLINE, least);
	const untilDeadline = Math.floor((deadlineAt - at) / 1000) - LEAST_LAST_LOOKUP_SECONDS;
	const pause = Math.min(Math.max(LAST_LOOKUP_SECONDS, least), untilDeadline);
	const fits = pause >= Math.max(least, LEAST_LAST_LOOKUP_SECONDS);
	return fits ? lookUpAfter({ ...state, ending }, [pause]) : [state, ending];
}
