/** Refusals in a row of one kind of request: how many, and since when (epoch milliseconds). */
export interface Refusals {
	readonly count: number;
	readonly since: number;
}

export const noRefusals: Refusals = { count: 0, since: 0 };

/**
 * Seconds between a refusal and the next try: three refusals then lie more than two minutes apart, and a lasting one is
 * reported within five.
 */
export const REFUSAL_PAUSE_SECONDS = 62;

const BELIEVED_COUNT = 3;
const BELIEVED_MS = 2 * 60_000;
/** From the first refusal; the rest of five minutes is for replies. */
const REPORTED_MS = 270_000;

/**
 * Counts a refusal (401 or 403). Atlas is known to send single false ones between good replies, so one alone says
 * nothing about keys, roles or access lists.
 */
export const afterRefusal = ({ count, since }: Refusals, at: number): Refusals => ({
	count: count + 1,
	since: count === 0 ? at : since,
});

/** Whether refusals came three times over at least two minutes: then they are taken for what they say. */
export const isBelieved = ({ count, since }: Refusals, at: number): boolean =>
	count >= BELIEVED_COUNT && at - since >= BELIEVED_MS;

/** Epoch milliseconds by which a lasting refusal is to be reported, whatever else is still looked at; from `now` on if none came. */
export const reportBy = (each: readonly Refusals[], now: number): number =>
	REPORTED_MS + Math.min(now, ...each.filter(({ count }) => count > 0).map(({ since }) => since));
