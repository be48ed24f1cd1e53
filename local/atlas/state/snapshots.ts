import type { Cluster, Project, Snapshot, SnapshotPlan } from "./model.ts";
import { objectId } from "./projects.ts";
import type { RefusalName } from "./settings.ts";
import type { AtlasState } from "./state.ts";

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
function isUnfinished(snapshot: Snapshot, now: number): boolean {
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

export const DAY = 86_400_000;

/** Why Atlas would not take a snapshot of this cluster, or undefined where it would. */
export function ineligibleReason(cluster: Cluster): RefusalName | "flex" | undefined {
	if (cluster.kind === "flex") return "flex";
	if (cluster.kind === "tenant") return "tenant";
	if (cluster.stateName === "CREATING") return "creating";
	if (cluster.stateName === "DELETING") return "deleting";
	if (cluster.paused) return "paused";
	if (!cluster.backupEnabled) return "backupOff";
	return undefined;
}

/** Whether an on-demand snapshot is queued or in progress. A scheduled one does not stand in the way. */
export function hasUnfinishedOnDemand(cluster: Cluster, now: number): boolean {
	return cluster.snapshots.some((snapshot) => snapshot.snapshotType !== "scheduled" && isUnfinished(snapshot, now));
}

/** What is asked of a new snapshot. */
export interface OnDemandRequest {
	readonly description?: string | undefined;
	readonly retentionInDays: number;
	/** In place of the cluster's next plan. */
	readonly plan?: SnapshotPlan;
}

/** Begins a snapshot; nothing is checked. */
export function takeSnapshot(state: AtlasState, cluster: Cluster, request: OnDemandRequest): Snapshot {
	const now = state.now();
	const plan = request.plan ?? cluster.nextPlans.shift() ?? cluster.plan;
	const snapshot: Snapshot = {
		id: objectId(now),
		requestedAt: now,
		description: request.description,
		seconds: plan.seconds ?? state.settings.snapshotSeconds,
		ending: plan.ending ?? "completed",
		unknownStatus: plan.unknownStatus,
		snapshotType: plan.snapshotType ?? "onDemand",
		sizeBytes: plan.sizeBytes,
		copyRegions: plan.copyRegions ?? [],
		sharded: cluster.kind === "sharded",
		members: cluster.kind === "sharded" ? memberSnapshots(cluster, now) : [],
		retention: request.retentionInDays * DAY,
		deletedAt: undefined,
	};
	cluster.snapshots.push(snapshot);
	return snapshot;
}

function memberSnapshots(cluster: Cluster, now: number): Snapshot["members"] {
	const prefix = `atlas-${cluster.id.slice(-6)}`;
	const shards = Array.from({ length: cluster.shards }, (_, index) => `${prefix}-shard-${index}`);
	return [...shards, `${prefix}-config-0`].map((replicaSetName) => ({ id: objectId(now), replicaSetName }));
}

/** The cluster of `project` that has this snapshot, in whatever state. */
export function findSnapshot(cluster: Cluster, id: string, now: number): Snapshot | undefined {
	return cluster.snapshots.find((snapshot) => snapshot.id === id && viewSnapshot(snapshot, cluster, now) !== undefined);
}

/** Whether a retention is shorter than the project's Backup Compliance Policy allows. */
export function breaksCompliance(project: Project, retention: number): boolean {
	return project.compliancePolicy !== undefined && retention < project.compliancePolicy.onDemandDays * DAY;
}
