import type { Reason, Target, TargetStatus } from "../domain/outcome.ts";
import { isNames, type SnapshotRequest } from "../domain/request.ts";
import type { RequestedBy } from "../domain/run.ts";

/** A target of which nothing is known yet. */
export interface PendingTarget extends Target {
	readonly state: "PENDING";
}

export type TargetView = TargetStatus | PendingTarget;

/** A run as the durable engine tells it. */
export interface RunStatus {
	readonly run: string;
	/** Who asked; absent where the execution's input does not say so. */
	readonly requestedBy?: RequestedBy;
	readonly status: "RUNNING" | "SUCCEEDED" | "FAILED";
	/** Empty while a request by `all` or tags has not been resolved. */
	readonly targets: readonly TargetView[];
	/** Epoch milliseconds. */
	readonly startedAt: number;
	/** Why the run as a whole failed, where no target tells it. */
	readonly reason?: Reason;
}

/** The targets that a request names; none where it selects by `all` or tags. */
export function pendingTargets({
	projectId,
	clusters,
}: Pick<SnapshotRequest, "projectId" | "clusters">): PendingTarget[] {
	if (projectId === undefined || !isNames(clusters)) return [];
	return clusters.map((clusterName) => ({ projectId, clusterName, state: "PENDING" }));
}
