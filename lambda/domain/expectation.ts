import type { Reason } from "./outcome.ts";
import { isOnDemand, requestTime, type Snapshot } from "./snapshot.ts";

/** How long a snapshot of a cluster is likely to take, by its earlier ones. Small: it is kept in a checkpoint. */
export interface ExpectedDuration {
	/** Whole seconds from the request to the end: the median of the earlier ones. */
	readonly seconds: number;
	/** By how much they differ from it, as a standard deviation of the logarithm: 0.1 is about a tenth. */
	readonly spread: number;
}

const DAY_SECONDS = 86_400;
/** So many of the newest snapshots count: older ones are of another amount of data. */
const NEWEST = 10;
/** No prediction is better than this, and none that is worse is one. */
const LEAST_SPREAD = 0.04;
const MOST_SPREAD = 1.4;
/** Both divided by the number of snapshots: the spread that is added, and the share by which it grows. */
const UNKNOWN_SPREAD = 0.2;
const UNCERTAINTY = 1.5;
/** Of so many or more the one that differs most is left out. The others' variance is then larger by this factor. */
const ENOUGH = 5;
const LEFT_OUT = 1.5;
/** So much a logarithm differs at most: one that took many times as long counts as one of e times. */
const MOST_DIFFERENCE = 1;

/**
 * Predicts how long a snapshot takes from the earlier ones of its cluster, whatever their order. One that took quite
 * another time than the others does not move the prediction beyond what the others took.
 *
 * @param snapshots of one cluster; those without a known duration are ignored
 * @returns `undefined` where fewer than two have one, or where they differ too much
 */
export function predictDuration(snapshots: readonly Snapshot[]): ExpectedDuration | undefined {
	const durations = snapshots
		.filter((snapshot) => snapshot.status === "completed" && isOnDemand(snapshot))
		.toSorted((a, b) => requestTime(b) - requestTime(a))
		.map(durationSeconds)
		.filter((seconds) => seconds !== undefined)
		.slice(0, NEWEST);
	if (durations.length < 2) return undefined;
	const seconds = median(durations);
	const spread = spreadOf(durations, seconds);
	return spread > MOST_SPREAD ? undefined : { seconds: Math.round(seconds), spread: Math.round(spread * 1000) / 1000 };
}

/** How far the next one may be from the median. The median of few is uncertain itself. */
function spreadOf(durations: readonly number[], middle: number): number {
	const { length } = durations;
	const differences = durations
		.map((seconds) => Math.min(Math.abs(Math.log(seconds / middle)), MOST_DIFFERENCE))
		.toSorted((a, b) => a - b);
	const kept = length < ENOUGH ? differences : differences.slice(0, -1);
	const squares = kept.reduce((sum, difference) => sum + difference ** 2, 0);
	const deviation = Math.sqrt((squares / (kept.length - 1)) * (length < ENOUGH ? 1 : LEFT_OUT));
	return Math.max(LEAST_SPREAD, Math.hypot(deviation * (1 + UNCERTAINTY / length), UNKNOWN_SPREAD / length));
}

/**
 * How long a completed snapshot took, from its request to its end. Atlas does not say when a snapshot ended, but keeps
 * it for whole days from then on; the request's time is in its id. Seen in recordings of Atlas: within 4 seconds.
 *
 * A retention that was changed later, or that is not of whole days, makes the result wrong. Where that is visible, there is no result: a
 * snapshot cannot end before its data was cut, which is its `createdAt`. One of a day or longer is none for that reason.
 *
 * @returns whole seconds, below a day; `undefined` where it is unknown
 */
export function durationSeconds(snapshot: Snapshot): number | undefined {
	const requestedAt = requestTime(snapshot) / 1000;
	const untilExpiry = secondsOf(snapshot["expiresAt"]) - requestedAt;
	const untilCut = secondsOf(snapshot.createdAt) - requestedAt;
	const seconds = ((untilExpiry % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
	return untilExpiry >= DAY_SECONDS && untilCut >= 0 && seconds >= Math.max(1, untilCut) ? seconds : undefined;
}

/** A snapshot that takes more than so many times the expected duration gets a warning. */
const SLOW = 2;

/** @param seconds since the request @returns the warning, as a list of one; an empty one where there is none */
export function slowSnapshotWarnings(
	expectation: ExpectedDuration | null | undefined,
	seconds: number,
): readonly Reason[] {
	if (!expectation || seconds <= SLOW * expectation.seconds) return [];
	const message = `${durationInWords(seconds)} since the request; earlier snapshots of this cluster took about ${durationInWords(expectation.seconds)}`;
	return [{ code: "SLOWER_THAN_USUAL", message }];
}

/** A duration for people. */
export function durationInWords(seconds: number): string {
	const minutes = Math.round(seconds / 60);
	if (minutes < 2) return `${Math.round(seconds)} seconds`;
	return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 6) / 10} hours`;
}

/** @returns NaN for what is no time */
const secondsOf = (time: unknown): number =>
	typeof time === "string" ? Math.round(Date.parse(time) / 1000) : Number.NaN;

/** Of an even number of values the middle between the two in the middle. */
function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const [low = Number.NaN, high = low] = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
	return (low + high) / 2;
}
