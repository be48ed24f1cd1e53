import type { Span } from "./plan.ts";

/** A trouble that lies in wait, or is under way. */
export interface OpenSpan {
	/**
	 * Whether it meets the request that comes now, which is counted.
	 *
	 * @param now epoch milliseconds
	 */
	meets(now: number): "first" | "again" | undefined;
	/** Epoch milliseconds at which it will be over, where a time is set and it has begun. */
	readonly endsAt: number | undefined;
}

/** @param startedAt epoch milliseconds of the run's start */
export function openSpan({ from, lasts }: Span, startedAt: number): OpenSpan {
	let seen = 0;
	let met = 0;
	let firstAt: number | undefined;
	const isDue = (now: number) => ("nth" in from ? seen >= from.nth : now - startedAt >= from.second * 1000);
	const isOver = (now: number, began: number) =>
		"times" in lasts ? met >= lasts.times : now - began > lasts.seconds * 1000;
	return {
		meets(now) {
			seen++;
			if (firstAt === undefined && isDue(now)) firstAt = now;
			if (firstAt === undefined || isOver(now, firstAt)) return undefined;
			met++;
			return met === 1 ? "first" : "again";
		},
		get endsAt() {
			return firstAt === undefined || "times" in lasts ? undefined : firstAt + lasts.seconds * 1000;
		},
	};
}
