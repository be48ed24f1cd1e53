import type { State } from "./outcome.ts";

/** CloudWatch namespace of every metric. */
export const METRICS_NAMESPACE = "AtlasSnapshots";

/**
 * Dimension of every metric: the stack's name. Two stacks in one account and region then never count into one metric,
 * so the health of one cannot hide the death of the other.
 */
export const STACK_DIMENSION = "stack";

/**
 * Further dimensions of the age of a cluster's newest snapshot, the one metric about a single cluster. CloudWatch bills
 * each combination of dimensions as a metric of its own.
 */
export const CLUSTER_DIMENSIONS = { project: "project", cluster: "cluster" } as const;

/** One count per state, over all clusters, emitted when the event is published. */
export const STATE_METRIC = {
	STARTED: "SnapshotsStarted",
	LATE: "SnapshotsLate",
	COMPLETED: "SnapshotsCompleted",
	FAILED: "SnapshotsFailed",
	SKIPPED: "SnapshotsSkipped",
	REFUSED: "SnapshotsRefused",
	LOST: "SnapshotsLost",
} as const satisfies Record<State, string>;

/** Of each completed snapshot: seconds it took, bytes it holds. */
export const DURATION_METRIC = "SnapshotDuration";
export const SIZE_METRIC = "SnapshotSize";
/**
 * About one cluster, by the freshness function: seconds since the newest completed snapshot was asked for. Published for
 * clusters that have an alarm of their own, and for no others.
 */
export const AGE_METRIC = "SnapshotAge";

/**
 * By the freshness function at every check: watched clusters without a snapshot as young as their schedule promises,
 * those of unknown age and selections that could not be made among them; 0 where all is well. It covers the clusters
 * that have no alarm of their own.
 */
export const NOT_FRESH_METRIC = "ClustersNotFresh";

/** An event that the bus did not take, at each try: the SDK's own tries are one. */
export const PUBLISH_FAILED_METRIC = "PublishFailed";

/**
 * Above 0 for as long as a target is late. A run adds 1 at its deadline and at each poll past it, and takes the 1 of the
 * poll before away again, at that poll's own time; at its end nothing is left. So an alarm needs no poll to come soon,
 * and ends with the snapshot.
 */
export const LATE_METRIC = "TargetsLate";

/** A 429 of Atlas; keys, role or address refused; what is left of the project's rate budget. */
export const THROTTLED_METRIC = "AtlasThrottled";
export const CREDENTIALS_REFUSED_METRIC = "AtlasCredentialsRefused";
export const RATE_LEFT_METRIC = "AtlasRateLimitRemaining";
