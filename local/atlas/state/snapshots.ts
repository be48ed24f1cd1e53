import type { Project, SimulatedCluster, SimulatedSnapshot, SnapshotPlan } from "./model.ts";
import { objectId } from "./projects.ts";
import type { RefusalName } from "./settings.ts";
import type { AtlasState } from "./state.ts";

/**
 * When fields appear, as shares of the whole time: as recorded of an M10 in 159 s (in progress by the 7th second, the
 * version by the 15th, created at the 86th, the provider by the 89th).
 */
const IN_PROGRESS = 0.04;
const VERSION = 0.08;
const CREATED = 86 / 159;
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

/**
 * The snapshot as it is at `now`, or undefined where it is no longer there: deleted, vanished or expired. No timer runs;
 * a clock that jumps hours shows the state of the hour it jumped to.
 */
export function viewSnapshot(
	snapshot: SimulatedSnapshot,
	cluster: SimulatedCluster,
	now: number,
): SnapshotView | undefined {
	const { requestedAt, ending, retention, deletedAt } = snapshot;
	const duration = snapshot.seconds * 1000;
	const end = ending === "endless" ? Number.POSITIVE_INFINITY : requestedAt + duration;
	const ended = now >= end;
	const isGone = ended && (ending === "vanished" || now >= end + retention);
	if (isGone || (deletedAt !== undefined && now >= deletedAt)) return undefined;
	const since = (share: number): boolean => now >= requestedAt + duration * share;
	const completed = ended && ending === "completed";
	return {
		status: ended ? ending : since(IN_PROGRESS) ? (snapshot.unknownStatus ?? "inProgress") : "queued",
		ended,
		createdAt: completed ? requestedAt + duration * CREATED : undefined,
		expiresAt: (ended ? end : requestedAt) + retention,
		mongodVersion: since(VERSION) ? cluster.mongoDBVersion : undefined,
		cloudProvider: since(PROVIDER) ? cluster.providers[0] : undefined,
		storageSizeBytes: completed ? (snapshot.sizeBytes ?? cluster.sizeBytes) : 0,
	};
}

const DAY = 86_400_000;

/** Why Atlas would take no snapshot of this cluster, or undefined where it would. */
export function refusalOf(cluster: SimulatedCluster): RefusalName | "flex" | undefined {
	if (cluster.kind === "flex" || cluster.kind === "tenant") return cluster.kind;
	if (cluster.stateName === "CREATING") return "creating";
	if (cluster.stateName === "DELETING") return "deleting";
	if (cluster.paused) return "paused";
	return cluster.backupEnabled ? undefined : "backupOff";
}

/** Whether an on-demand snapshot is queued or in progress. A scheduled one is no conflict. */
export const hasUnfinishedOnDemand = (cluster: SimulatedCluster, now: number): boolean =>
	cluster.snapshots.some(
		(snapshot) => snapshot.snapshotType !== "scheduled" && viewSnapshot(snapshot, cluster, now)?.ended === false,
	);

export interface OnDemandRequest {
	readonly description?: string | undefined;
	readonly retentionInDays: number;
	/** In place of the cluster's next plan. */
	readonly plan?: SnapshotPlan | undefined;
}

/** Begins a snapshot; nothing is checked. */
export function takeSnapshot(
	state: AtlasState,
	cluster: SimulatedCluster,
	request: OnDemandRequest,
): SimulatedSnapshot {
	const now = state.now();
	const plan = request.plan ?? cluster.nextPlans.shift() ?? cluster.plan;
	const sharded = cluster.kind === "sharded";
	const snapshot: SimulatedSnapshot = {
		id: objectId(now),
		requestedAt: now,
		description: request.description,
		seconds: plan.seconds ?? state.settings.snapshotSeconds,
		ending: plan.ending ?? "completed",
		unknownStatus: plan.unknownStatus,
		snapshotType: plan.snapshotType ?? "onDemand",
		sizeBytes: plan.sizeBytes,
		copyRegions: plan.copyRegions ?? [],
		sharded,
		members: sharded ? memberSnapshots(cluster, now) : [],
		retention: request.retentionInDays * DAY,
		deletedAt: undefined,
	};
	cluster.snapshots.push(snapshot);
	return snapshot;
}

function memberSnapshots(cluster: SimulatedCluster, now: number): SimulatedSnapshot["members"] {
	const prefix = `atlas-${cluster.id.slice(-6)}`;
	const shards = Array.from({ length: cluster.shards }, (_, index) => `${prefix}-shard-${index}`);
	return [...shards, `${prefix}-config-0`].map((replicaSetName) => ({ id: objectId(now), replicaSetName }));
}

/** Whether a retention is shorter than the project's Backup Compliance Policy allows. */
export const breaksCompliance = ({ compliancePolicy }: Project, days: number): boolean =>
	compliancePolicy !== undefined && days < compliancePolicy.onDemandDays;
