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

/** Metrics in CloudWatch's embedded format. @param stack name of the stack, which is their dimension */
export function createMetrics(stack: string): Metrics {
	const metrics = new Metrics({ namespace: METRICS_NAMESPACE });
	metrics.clearDefaultDimensions();
	metrics.setDefaultDimensions({ [STACK_DIMENSION]: stack });
	return metrics;
}

/**
 * Counts a published state change, and records duration and size of a completed snapshot. Project and cluster are metadata,
 * for queries of the log: as dimensions they would cost a metric per cluster.
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

/** Wraps a request so that its failures are counted if an alarm exists for them: refused keys, a reached rate limit. */
export const countFailuresOf =
	(metrics: Metrics) =>
	<A extends readonly unknown[], R>(work: (...input: A) => Promise<R>) =>
	(...input: A): Promise<R> =>
		work(...input).catch((error: unknown) => {
			const name = error instanceof ServiceError ? errorInfo(error.name)?.metric : undefined;
			if (name !== undefined) recordCount(metrics, name, 1);
			throw error;
		});

/** Records the age of a cluster's newest completed snapshot. */
export function recordSnapshotAge(metrics: Metrics, { projectId, clusterName }: Target, ageSeconds: number): void {
	metrics.addDimension(CLUSTER_DIMENSIONS.project, projectId);
	metrics.addDimension(CLUSTER_DIMENSIONS.cluster, clusterName);
	metrics.addMetric(AGE_METRIC, MetricUnit.Seconds, ageSeconds);
	metrics.publishStoredMetrics();
}

/**
 * Milliseconds, more than one period of the alarm, which evaluates complete periods only. So a poll's 1 is evaluated before
 * the next poll subtracts it, and the alarm sees no gap.
 */
export const LATE_TIMESTAMP_OFFSET_MS = 20 * 60_000;

/** Adds or subtracts a late target. @param at epoch milliseconds of the deadline, or of the poll that found it late */
export function recordLateTarget(metrics: Metrics, change: 1 | -1, at: number): void {
	metrics.setTimestamp(at - LATE_TIMESTAMP_OFFSET_MS);
	recordCount(metrics, LATE_METRIC, change);
}

export function recordCount(metrics: Metrics, name: string, count: number): void {
	metrics.addMetric(name, MetricUnit.Count, count);
	metrics.publishStoredMetrics();
}
