import { isOnDemand, requestTime, type Snapshot } from "./snapshot.ts";

/**
 * The newest snapshot that was completed, by the time at which it was asked for; `undefined` where there is none. A
 * list's own order says nothing, since Atlas does not document it.
 */
export function newestCompleted(snapshots: readonly Snapshot[]): Snapshot | undefined {
	return snapshots
		.filter(({ status }) => status === "completed")
		.reduce<Snapshot | undefined>(
			(newest, one) => (newest === undefined || requestTime(one) > requestTime(newest) ? one : newest),
			undefined,
		);
}

/**
 * Whether a snapshot was taken because someone asked for it, and not by Atlas's own backup policy. A `fallback` is what
 * Atlas takes in place of one that did not go the usual way.
 */
export const wasAskedFor = ({ snapshotType }: Snapshot): boolean => snapshotType !== "scheduled";

/** The newest completed snapshot that was taken on demand in the usual way. */
export const newestOnDemand = (snapshots: readonly Snapshot[]): Snapshot | undefined =>
	newestCompleted(snapshots.filter(isOnDemand));

/** @param now epoch milliseconds @returns whole seconds since a snapshot was asked for, never below 0 */
export const ageSeconds = (snapshot: Snapshot, now: number): number =>
	Math.max(0, Math.round((now - requestTime(snapshot)) / 1000));
