import type { State } from "./outcome.ts";

/** CloudWatch namespace of every metric. */
export const METRICS_NAMESPACE = "AtlasSnapshots";

/** Dimensions of the metrics about one cluster; the others have none. Low in number on purpose: each pair costs money. */
export const CLUSTER_DIMENSIONS = { project: "project", cluster: "cluster" } as const;

/** One count per state and cluster, emitted when the event is published. */
export const STATE_METRIC = {
	STARTED: "SnapshotsStarted",
	LATE: "SnapshotsLate",
	COMPLETED: "SnapshotsCompleted",
	FAILED: "SnapshotsFailed",
	SKIPPED: "SnapshotsSkipped",
	REFUSED: "SnapshotsRefused",
	LOST: "SnapshotsLost",
} as const satisfies Record<State, string>;

/** About one cluster, with a completed snapshot: seconds it took, bytes it holds. */
export const DURATION_METRIC = "SnapshotDuration";
export const SIZE_METRIC = "SnapshotSize";
/** About one cluster, by the freshness function: seconds since the newest completed snapshot was asked for. */
export const AGE_METRIC = "SnapshotAge";

/**
 * Without dimensions, by the freshness function at every look: watched clusters without a snapshot as young as their
 * schedule promises, those of unknown age and selections that could not be made among them; 0 where all is well. It
 * speaks for clusters that are selected by `all` or tags, which have no alarm of their own.
 */
export const NOT_FRESH_METRIC = "ClustersNotFresh";

/** Without dimensions: a 429 of Atlas; keys, role or address refused; what is left of the project's rate budget. */
export const THROTTLED_METRIC = "AtlasThrottled";
export const CREDENTIALS_REFUSED_METRIC = "AtlasCredentialsRefused";
export const RATE_LEFT_METRIC = "AtlasRateLimitRemaining";
