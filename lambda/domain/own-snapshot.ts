import { wasAskedFor } from "./age.ts";
import { isOnDemand, isRunning, requestTime, type Snapshot } from "./snapshot.ts";

/** By what a run knows its own: the marker, and epoch milliseconds of its start. */
export interface Own {
	readonly marker: string;
	readonly startedAt: number;
}

/** Milliseconds by which the clocks of Atlas and of this process may differ. */
const SKEW_MS = 5 * 60_000;

/** Whether a snapshot is one that a run asked for: by marker and kind, and never one from before the run. */
const isOurs = (snapshot: Snapshot, own: Own): boolean =>
	typeof snapshot.description === "string" &&
	snapshot.description.endsWith(own.marker) &&
	wasAskedFor(snapshot) &&
	wasRequestedSince(snapshot, own);

/** Whether a snapshot may have been asked for since the run's start. */
export const wasRequestedSince = (snapshot: Snapshot, { startedAt }: Own): boolean =>
	requestTime(snapshot) >= startedAt - SKEW_MS;

/** Picks what matters for one run out of a cluster's snapshots: its own, and a running one of others. */
export function findIn(snapshots: readonly Snapshot[], own: Own): { ours?: Snapshot; running?: Snapshot } {
	return {
		ours: snapshots.find((snapshot) => isOurs(snapshot, own)),
		running: snapshots.find((snapshot) => isOnDemand(snapshot) && isRunning(snapshot)),
	};
}
