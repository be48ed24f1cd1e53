import type { RequestRecord } from "../../local/atlas/wire/log.ts";

/** What kept the function from telling something in time. */
export interface Trouble {
	/**
	 * `atlas`: it could not be asked, or not be believed. `bus`: nothing could be published. `platform`: the function
	 * did not run, or could not keep what it had done.
	 */
	readonly what: "atlas" | "bus" | "platform";
	/** Epoch milliseconds. */
	readonly from: number;
	readonly to: number;
}

/** What else puts off what has to be told. */
export interface Slack {
	/** Milliseconds by which clocks may have been wrong: a trouble that begins within them counts as well. */
	readonly skew: number;
	/** Beside a minute, the share of the time that has gone by. */
	readonly share: number;
}

/** Milliseconds of the longest pause between two tries, a quarter of jitter included. */
const LONGEST_PAUSE = 1.25 * 3_600_000;
/** Milliseconds that a request may take until it is given up, and tried again with new keys. */
const SLOW = 60_000;

/**
 * When something that can be told from `at` on has to be told at the latest. A trouble within that time puts it off to
 * the trouble's end, and to the next try: pauses grow with the trouble, so that they are at most as long.
 *
 * @param at epoch milliseconds
 * @param since epoch milliseconds from which the tenth counts
 * @param troubles in any order
 */
export function dueAt(at: number, since: number, troubles: readonly Trouble[], { skew, share }: Slack): number {
	const grace = (elapsed: number) => 60_000 + elapsed * share;
	let due = at + grace(at - since) + skew;
	let began: number | undefined;
	for (const { from, to } of troubles.toSorted((a, b) => a.from - b.from)) {
		if (from > due || to < at) continue;
		began ??= from;
		const lasted = Math.max(0, to - began);
		due = Math.max(due, to + grace(to - since) + Math.min(lasted * 1.25, LONGEST_PAUSE) + SLOW + skew);
	}
	return due;
}

/** Where Atlas's own buckets were empty, it could not be asked. */
export const throttled = (requests: readonly RequestRecord[]): Trouble[] =>
	requests
		.filter(({ status }) => status === 429)
		.map(({ at, retryAfter }) => ({ what: "atlas", from: at, to: at + (retryAfter ?? 40) * 1000 }));
