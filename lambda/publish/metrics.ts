import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import {
	CLUSTER_DIMENSIONS,
	DURATION_METRIC,
	METRICS_NAMESPACE,
	SIZE_METRIC,
	STATE_METRIC,
} from "../domain/metrics.ts";
import type { SnapshotStateChange } from "../domain/outcome.ts";

/** Metrics in CloudWatch's embedded format, a line of the log each; without dimensions of their own. */
export function createMetrics(): Metrics {
	const metrics = new Metrics({ namespace: METRICS_NAMESPACE });
	metrics.clearDefaultDimensions();
	return metrics;
}

/** Counts a published change of state, and measures a completed snapshot, per project and cluster. */
export function countChange(metrics: Metrics, event: SnapshotStateChange): void {
	const { state, projectId, clusterName, durationSeconds, snapshot } = event;
	metrics.addDimension(CLUSTER_DIMENSIONS.project, projectId);
	metrics.addDimension(CLUSTER_DIMENSIONS.cluster, clusterName);
	metrics.addMetric(STATE_METRIC[state], MetricUnit.Count, 1);
	if (state === "COMPLETED") {
		if (durationSeconds !== null) metrics.addMetric(DURATION_METRIC, MetricUnit.Seconds, durationSeconds);
		const size = snapshot?.["storageSizeBytes"];
		if (typeof size === "number") metrics.addMetric(SIZE_METRIC, MetricUnit.Bytes, size);
	}
	metrics.publishStoredMetrics();
}

/** Counts one occurrence that concerns no single cluster. */
export function count(metrics: Metrics, name: string): void {
	metrics.addMetric(name, MetricUnit.Count, 1);
	metrics.publishStoredMetrics();
}
