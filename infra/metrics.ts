import {
	MathExpression,
	type MathExpressionOptions,
	Metric,
	type MetricOptions,
	Stats,
} from "aws-cdk-lib/aws-cloudwatch";
import { CLUSTER_DIMENSIONS, METRICS_NAMESPACE, STATE_METRIC } from "../lambda/domain/metrics.ts";
import type { State, Target } from "../lambda/domain/outcome.ts";

const { project, cluster } = CLUSTER_DIMENSIONS;

/** A metric about one cluster, or one that has no dimensions. */
export const serviceMetric = (metricName: string, target?: Target, options: MetricOptions = {}): Metric =>
	new Metric({
		namespace: METRICS_NAMESPACE,
		metricName,
		statistic: Stats.SUM,
		...(target ? { dimensionsMap: { [project]: target.projectId, [cluster]: target.clusterName } } : {}),
		...options,
	});

/**
 * How many targets of all clusters came to a state. CloudWatch does not add up over dimensions by itself, so this is a
 * Metrics Insights query; it reaches back three hours, which is enough for an alarm and for a graph of now.
 *
 * @see CloudWatch user guide, "Metrics Insights quotas"
 */
export const stateMetric = (state: State, options: MathExpressionOptions = {}): MathExpression =>
	new MathExpression({
		expression: `SELECT SUM(${STATE_METRIC[state]}) FROM SCHEMA("${METRICS_NAMESPACE}", ${cluster}, ${project})`,
		usingMetrics: {},
		label: STATE_METRIC[state],
		...options,
	});

/** One line a cluster, for dashboards; an alarm can't search. @param seconds of one point */
export const everyCluster = (metricName: string, statistic: string, seconds: number): string =>
	`SEARCH('{${METRICS_NAMESPACE},${cluster},${project}} MetricName="${metricName}"', '${statistic}', ${seconds})`;
