import type { Cluster, Project, Snapshot, SnapshotPlan } from "./model.ts";
import { objectId } from "./object-id.ts";
import type { RefusalName } from "./settings.ts";
import type { AtlasState } from "./state.ts";
import { isUnfinished, viewSnapshot } from "./timeline.ts";

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
