import type { Cluster, Snapshot } from "./model.ts";

/**
 * When things become visible, in parts of the whole time: as recorded of an M10 in 159 s (in progress by the 7th
 * second, the version by the 15th, cut at the 86th, the provider by the 89th).
 */
const IN_PROGRESS = 0.04;
const VERSION = 0.08;
const CUT = 86 / 159;
const PROVIDER = 87 / 159;

/** A snapshot at a moment. Times are epoch milliseconds. */
export interface SnapshotView {
	readonly status: string;
	readonly ended: boolean;
	readonly createdAt: number | undefined;
	readonly expiresAt: number;
	readonly mongodVersion: string | undefined;
	readonly cloudProvider: string | undefined;
	readonly storageSizeBytes: number;
}

const completesAt = (snapshot: Snapshot): number =>
	snapshot.ending === "endless" ? Number.POSITIVE_INFINITY : snapshot.requestedAt + snapshot.seconds * 1000;

/** Whether Atlas is still working on it: no second on-demand snapshot is taken meanwhile. */
export function isUnfinished(snapshot: Snapshot, now: number): boolean {
	return viewSnapshot(snapshot, undefined, now)?.ended === false;
}

/**
 * The snapshot as it is at `now`, or undefined where it is no longer there: deleted, vanished or expired. Nothing is
 * scheduled; a clock that jumps hours shows the state of the hour it jumped to.
 */
export function viewSnapshot(snapshot: Snapshot, cluster: Cluster | undefined, now: number): SnapshotView | undefined {
	if (snapshot.deletedAt !== undefined && now >= snapshot.deletedAt) return undefined;
	const end = completesAt(snapshot);
	const ended = now >= end;
	if (ended && (snapshot.ending === "vanished" || now >= end + snapshot.retention)) return undefined;
	const since = (part: number): boolean => now >= snapshot.requestedAt + snapshot.seconds * 1000 * part;
	const completed = ended && snapshot.ending === "completed";
	return {
		status: ended ? snapshot.ending : since(IN_PROGRESS) ? (snapshot.unknownStatus ?? "inProgress") : "queued",
		ended,
		createdAt: completed ? snapshot.requestedAt + snapshot.seconds * 1000 * CUT : undefined,
		expiresAt: (ended ? end : snapshot.requestedAt) + snapshot.retention,
		mongodVersion: since(VERSION) ? cluster?.mongoDBVersion : undefined,
		cloudProvider: since(PROVIDER) ? cluster?.providers[0] : undefined,
		storageSizeBytes: completed ? (snapshot.sizeBytes ?? cluster?.sizeBytes ?? 0) : 0,
	};
}
