import type { RequestRecord } from "../atlas/api/server.ts";
import type { AtlasTrouble, AwsOperation, Span } from "./plan.ts";

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

/** Where one of Atlas's own buckets was empty, Atlas could not be asked. */
export const throttled = (requests: readonly RequestRecord[]): Trouble[] =>
	requests
		.filter(({ status }) => status === 429)
		.map(({ at, retryAfter }) => ({ what: "atlas", from: at, to: at + (retryAfter ?? 40) * 1000 }));

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

/** What the failure of an AWS call keeps from happening. */
export const TROUBLED: Readonly<Record<AwsOperation, Trouble["what"]>> = {
	GetSecretValue: "atlas",
	PutEvents: "bus",
	Invoke: "platform",
	Checkpoint: "platform",
	ListDurableExecutionsByFunction: "platform",
	GetDurableExecution: "platform",
	GetDurableExecutionHistory: "platform",
};

/** Milliseconds for which Atlas is kept from answering, by what it does or asks for. */
export function lastingOf(action: AtlasTrouble["action"]): number {
	if (action.type === "delay" || action.type === "late drop") return action.ms;
	return action.type === "status" ? (action.retryAfter ?? 0) * 1000 : 0;
}
