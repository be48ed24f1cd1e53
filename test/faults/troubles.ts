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

/** Milliseconds within which something has to be told: a minute, and a tenth of the time that has gone by. */
const grace = (elapsed: number): number => 60_000 + elapsed / 10;

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
 * @param skew milliseconds by which clocks may have been wrong: a trouble that begins within them counts as well
 */
export function dueAt(at: number, since: number, troubles: readonly Trouble[], skew: number): number {
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
