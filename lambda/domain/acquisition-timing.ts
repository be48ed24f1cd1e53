import type { AcquisitionAction, AcquisitionState, AcquisitionTerms, End } from "./acquisition-state.ts";

/** Seconds after an answered request by which a list shows what it left behind: a list may be two minutes old. */
export const LISTED_AFTER_SECONDS = 130;
/** The same after a request without an answer, which Atlas may have in hand for another minute. */
export const LISTED_AFTER_DOUBT_SECONDS = 190;

/**
 * Seconds between the looks after the first and the second request in doubt: close at first, since a list is up to date as
 * a rule. Together they last until a list must show what the request left behind.
 */
const LOOKS_IN_DOUBT: readonly (readonly number[])[] = [
	[5, 40, 60, 60, 25],
	[5, 40, 145],
];
/** Seconds between the looks once the deadline forbids another request: ten minutes, since a list may be minutes old. */
const LOOKS_BEFORE_GIVING_UP: readonly number[] = [20, 100, 480];
/** Seconds from a request that was turned down, and may have been carried out all the same, to the looks after it. */
const LOOKS_AFTER_REFUSAL: readonly number[] = [20, 60, LISTED_AFTER_SECONDS];
const UNSURE_MS = 10 * 60_000;
/** Seconds between the last request before the deadline and the look after it, and at the least. */
const LAST_LOOK_SECONDS = 20;
const LEAST_LAST_LOOK_SECONDS = 5;
/** Seconds before the deadline at which Atlas is asked for the last time, where a longer pause would be due. */
const LAST_MOMENT_SECONDS = 15;

/** What is known, and what is done next. */
export type Next = readonly [AcquisitionState, AcquisitionAction];

/** @param least seconds before the first look at least */
export const lookAfter = (taking: AcquisitionState, [first = 0, ...looksLeft]: readonly number[], least = 0): Next => [
	{ ...taking, looksLeft },
	{ do: "look", afterSeconds: Math.max(first, least) },
];

/** Looks that may still come at times of their own, whatever was waited for before. */
export const lookupsKept = ({ asks, doubts }: AcquisitionState): number => {
	const series = [
		LOOKS_BEFORE_GIVING_UP,
		...(asks === 0 ? [LOOKS_AFTER_REFUSAL] : []),
		...LOOKS_IN_DOUBT.slice(doubts),
	];
	return series.flat().length;
};

/** Looks for ours at those times after the last request that are still to come. */
export function lookAfterRefusal(taking: AcquisitionState, at: number): Next {
	const { leftAt } = taking;
	const dueAt = LOOKS_AFTER_REFUSAL.map((seconds) => (leftAt ?? at) + seconds * 1000).filter((due) => due > at);
	const pauses = dueAt.map((due, index) => Math.ceil((due - (dueAt[index - 1] ?? at)) / 1000));
	return lookAfter(taking, pauses);
}

/**
 * A request left this process and was not answered. The first times ours is looked for soon; later on the look before the
 * next request does, at two operations less a time. Not before Atlas wants any call (`least` seconds).
 */
export function afterDoubt(taking: AcquisitionState, at: number, terms: AcquisitionTerms, least = 0): Next {
	const { backOff, deadlineAt, hardLimitAt } = terms;
	if (at + LISTED_AFTER_DOUBT_SECONDS * 1000 >= deadlineAt) return giveUp(taking, at, terms, least);
	const looks = LOOKS_IN_DOUBT[taking.doubts - 1];
	const left = Math.max(1, Math.ceil((hardLimitAt - at) / 1000));
	if (looks) return lookAfter(taking, looks, Math.min(least, left));
	return again("ask", taking, at, terms, Math.max(LISTED_AFTER_DOUBT_SECONDS, backOff(taking.asks, least)), least);
}

/**
 * Repeats the request once a list must show what the one before it left behind. After a 401 or 403 it is repeated sooner:
 * a refusal that lasts is to be reported within five minutes.
 */
export function askAgain(
	taking: AcquisitionState,
	at: number,
	terms: AcquisitionTerms,
	afterSeconds: number,
	least = 0,
): Next {
	const { leftAt, askRefusals } = taking;
	const isListed = leftAt === null || askRefusals.count > 0;
	const untilListed = isListed ? 0 : LISTED_AFTER_SECONDS - Math.floor((at - leftAt) / 1000);
	return again("ask", taking, at, terms, Math.max(afterSeconds, untilListed), least);
}

/**
 * After the deadline nothing is asked for that was not carried out: the request was for this time, not for any. A pause
 * of ours that would reach beyond it is cut, for a last try; one that Atlas asked for (`least`) never is.
 */
export function again(
	what: "ask" | "look",
	taking: AcquisitionState,
	at: number,
	terms: AcquisitionTerms,
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
export function giveUp(taking: AcquisitionState, at: number, { deadlineAt }: AcquisitionTerms, least = 0): Next {
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
