import { Stack } from "aws-cdk-lib";
import {
	Alarm,
	ComparisonOperator,
	type IMetric,
	MathExpression,
	Metric,
	type MetricOptions,
	Stats,
	TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct, IConstruct } from "constructs";
import { CLUSTER_DIMENSIONS, METRICS_NAMESPACE, STACK_DIMENSION } from "../../lambda/domain/metrics.ts";
import type { Target } from "../../lambda/domain/outcome.ts";
import type { Runbook, RunbookSection } from "./runbook.ts";

export interface AlarmSettings {
	readonly topic: ITopic;
	readonly runbook: Runbook;
}

export interface ServiceAlarmProps {
	/** With its period; {@link filled} where periods without data are usual. */
	readonly metric: IMetric;
	/** Raised at this value and above. */
	readonly threshold: number;
	/** Begins the alarm's description. */
	readonly impact: `Impact: ${string}.`;
	/** When the alarm goes to ALARM, and when back to OK. */
	readonly timing: `ALARM ${string}; OK ${string}.`;
	readonly section: RunbookSection;
	/** Periods that are evaluated. @default 1 */
	readonly periods?: number;
	/** So many of them must reach the threshold. @default all */
	readonly of?: number;
	/** Whether missing data counts as reaching the threshold. @default false */
	readonly missingIsBreaching?: boolean;
}

/** An alarm whose description states impact, timing and runbook section. */
export function serviceAlarm(
	scope: Construct,
	id: string,
	{ topic, runbook }: AlarmSettings,
	props: ServiceAlarmProps,
): Alarm {
	const alarm = new Alarm(scope, id, {
		alarmDescription: `${props.impact} ${props.timing} Runbook: ${runbook(props.section)}`,
		metric: props.metric,
		threshold: props.threshold,
		comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		evaluationPeriods: props.periods ?? 1,
		datapointsToAlarm: props.of,
		treatMissingData: props.missingIsBreaching ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
	});
	alarm.addAlarmAction(new SnsAction(topic));
	alarm.addOkAction(new SnsAction(topic));
	return alarm;
}

/**
 * A metric with a value in every period. CloudWatch reads more periods than an alarm evaluates and skips those without
 * data, so that old data would keep an alarm on. A value that arrives late replaces the filled one while its period is
 * evaluated.
 *
 * @see CloudWatch user guide, "How alarm state is evaluated when data is missing"; "Metric math functions", FILL
 */
export const filled = (metric: Metric, value: number): MathExpression =>
	new MathExpression({
		expression: `FILL(observed, ${value})`,
		usingMetrics: { observed: metric },
		label: metric.metricName,
		period: metric.period,
	});

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
