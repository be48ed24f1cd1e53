import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { errorInfo } from "../domain/error-table.ts";
import { ServiceError } from "../domain/errors.ts";
import {
	AGE_METRIC,
	CLUSTER_DIMENSIONS,
	DURATION_METRIC,
	LATE_METRIC,
	METRICS_NAMESPACE,
	SIZE_METRIC,
	STACK_DIMENSION,
	STATE_METRIC,
} from "../domain/metrics.ts";
import type { SnapshotStateChange, Target } from "../domain/outcome.ts";

/** Metrics in CloudWatch's embedded format, a line of the log each. @param stack name of the stack, their dimension */
export function createMetrics(stack: string): Metrics {
	const metrics = new Metrics({ namespace: METRICS_NAMESPACE });
	metrics.clearDefaultDimensions();
	metrics.setDefaultDimensions({ [STACK_DIMENSION]: stack });
	return metrics;
}

/**
 * Counts a published change of state, and measures a completed snapshot. Project and cluster stand in the same line of
 * the log, for queries: as dimensions they would make the bill grow with the fleet.
 */
export function recordStateChange(metrics: Metrics, event: SnapshotStateChange): void {
	const { state, projectId, clusterName, durationSeconds, snapshot } = event;
	metrics.addMetadata(CLUSTER_DIMENSIONS.project, projectId);
	metrics.addMetadata(CLUSTER_DIMENSIONS.cluster, clusterName);
	metrics.addMetric(STATE_METRIC[state], MetricUnit.Count, 1);
	if (state === "COMPLETED") {
		if (durationSeconds !== null) metrics.addMetric(DURATION_METRIC, MetricUnit.Seconds, durationSeconds);
		const size = snapshot?.["storageSizeBytes"];
		if (typeof size === "number") metrics.addMetric(SIZE_METRIC, MetricUnit.Bytes, size);
	}
	metrics.publishStoredMetrics();
}

/** Counts a failed request where an alarm listens for its kind: keys that are refused, and a rate limit that is reached. */
function countFailure(metrics: Metrics, error: unknown): void {
	const name = error instanceof ServiceError ? errorInfo(error.name)?.metric : undefined;
	if (name !== undefined) recordCount(metrics, name, 1);
}

/** Wraps a request so that its failures are counted on their way. */
export const countFailuresOf =
	(metrics: Metrics) =>
	<A extends readonly unknown[], R>(work: (...input: A) => Promise<R>) =>
	(...input: A): Promise<R> =>
		work(...input).catch((error: unknown) => {
			countFailure(metrics, error);
			throw error;
		});

/** Tells how old a cluster's newest completed snapshot is. */
export function recordSnapshotAge(metrics: Metrics, { projectId, clusterName }: Target, ageSeconds: number): void {
	metrics.addDimension(CLUSTER_DIMENSIONS.project, projectId);
	metrics.addDimension(CLUSTER_DIMENSIONS.cluster, clusterName);
	metrics.addMetric(AGE_METRIC, MetricUnit.Seconds, ageSeconds);
	metrics.publishStoredMetrics();
}

/**
 * Milliseconds: longer than a period of the alarm, which may read complete periods only. A poll then takes away the 1
 * before it when its own is read already, and no gap is seen between them.
 */
export const LATE_TIMESTAMP_OFFSET_MS = 20 * 60_000;

/** Adds to, or takes from, what is late. @param at epoch milliseconds, of the deadline or of the poll that saw it */
export function recordLateTarget(metrics: Metrics, change: 1 | -1, at: number): void {
	metrics.setTimestamp(at - LATE_TIMESTAMP_OFFSET_MS);
	recordCount(metrics, LATE_METRIC, change);
}

/** Emits a count about the stack as a whole. */
export function recordCount(metrics: Metrics, name: string, count: number): void {
	metrics.addMetric(name, MetricUnit.Count, count);
	metrics.publishStoredMetrics();
}
