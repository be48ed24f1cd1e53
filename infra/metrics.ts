import { Stack } from "aws-cdk-lib";
import { Metric, type MetricOptions, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { IConstruct } from "constructs";
import { CLUSTER_DIMENSIONS, METRICS_NAMESPACE, STACK_DIMENSION } from "../lambda/domain/metrics.ts";
import type { Target } from "../lambda/domain/outcome.ts";

const { project, cluster } = CLUSTER_DIMENSIONS;

/**
 * A metric that the functions publish. Every one carries the name of its stack, as the functions find it in
 * `STACK_NAME`, so no alarm or graph of one stack reads what another published.
 *
 * @param scope of the stack in question
 * @param target for a metric about one cluster
 */
export const serviceMetric = (
	scope: IConstruct,
	metricName: string,
	options: MetricOptions = {},
	target?: Target,
): Metric =>
	new Metric({
		namespace: METRICS_NAMESPACE,
		metricName,
		statistic: Stats.SUM,
		...options,
		dimensionsMap: {
			[STACK_DIMENSION]: Stack.of(scope).stackName,
			...(target ? { [project]: target.projectId, [cluster]: target.clusterName } : {}),
		},
	});
