import { Duration } from "aws-cdk-lib";
import { type Alarm, type Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { Schedule, ScheduleExpression, type ScheduleGroup, ScheduleTargetInput } from "aws-cdk-lib/aws-scheduler";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { SnapshotEnvironment } from "../lambda/config.ts";
import { AGE_METRIC, NOT_FRESH_METRIC } from "../lambda/domain/metrics.ts";
import type { Watched } from "../lambda/freshness/watched.ts";
import { serviceMetric } from "./metrics.ts";
import { allowReading } from "./read-secret.ts";
import { LOOK_EVERY, type ScheduledTarget, watchedTargets } from "./scheduled-targets.ts";
import { schedulerRole } from "./scheduler-role.ts";
import { type AlarmSettings, type ServiceAlarmProps, serviceAlarm } from "./service-alarm.ts";
import { type FunctionSettings, type Network, ServiceFunction } from "./service-function.ts";

export interface FreshnessProps extends FunctionSettings, AlarmSettings {
	readonly code: string;
	readonly environment: SnapshotEnvironment;
	readonly secret: ISecret;
	readonly targets: readonly ScheduledTarget[];
	/** Whether each target has an alarm, and a metric, of its own; otherwise all share one. */
	readonly alarmEach: boolean;
	/** Clusters that only a look can name; with the targets they share one alarm. */
	readonly selections: readonly Watched[];
	readonly group: ScheduleGroup;
	readonly undelivered: Queue;
	readonly network?: Network;
}

/** An alarm about what two looks in a row saw. */
interface LookAlarmProps extends Pick<ServiceAlarmProps, "threshold" | "impact" | "section"> {
	readonly metric: Metric;
}

/**
 * Asks Atlas itself how old each cluster's newest completed snapshot is, apart from the runs, so that it notices those
 * that never began. The age is the metric because a count of completions could not serve: an alarm looks back seven
 * days at most (`Period` × `EvaluationPeriods` of PutMetricAlarm), a weekly schedule and its grace are longer.
 */
export class Freshness extends Construct {
	readonly function: ServiceFunction;
	readonly alarms: readonly Alarm[];

	constructor(scope: Construct, id: string, props: FreshnessProps) {
		super(scope, id);
		const { targets, selections, alarmEach, secret, topic, runbookUrl } = props;
		const alarm = (name: string, alarmProps: LookAlarmProps) =>
			serviceAlarm(
				this,
				name,
				{ topic, runbookUrl },
				{
					...alarmProps,
					metric: alarmProps.metric.with({ period: LOOK_EVERY, statistic: Stats.MAXIMUM }),
					periods: 2,
					missingIsBad: true,
				},
			);
		this.function = new ServiceFunction(this, "Look", {
			...props,
			description: "Asks Atlas how old each scheduled cluster's newest snapshot is",
			timeout: Duration.minutes(5),
			// The next look is near, and is worth as much as a repeated one.
			retryAttempts: 0,
		});
		allowReading(this.function.role, secret);
		this.schedule(props);
		this.alarms = [
			...(alarmEach ? targets : []).map((target) =>
				alarm(`${target.projectId}-${target.clusterName}`, {
					metric: serviceMetric(this, AGE_METRIC, {}, target),
					threshold: (target.expectedEveryMinutes + target.graceMinutes) * 60,
					impact: `When this rings, cluster ${target.clusterName} of project ${target.projectId} has no completed snapshot as young as its schedule promises, or nobody can tell.`,
					section: "a-cluster-has-no-fresh-snapshot",
				}),
			),
			...(targets.length + selections.length > 0
				? [
						alarm("ClustersNotFresh", {
							metric: serviceMetric(this, NOT_FRESH_METRIC),
							threshold: 1,
							impact:
								"When this rings, at least one cluster that a schedule names or selects has no completed snapshot as young as promised, or nobody can tell.",
							section: "some-clusters-have-no-fresh-snapshot",
						}),
					]
				: []),
		];
	}

	/** The targets travel in the input: an environment holds 4 KB, some thirty clusters. */
	private schedule({ group, undelivered, targets, selections, alarmEach }: FreshnessProps): void {
		const { function: fn } = this.function;
		const role = schedulerRole(this, "ScheduleRole", group, fn, undelivered);
		const schedule = new Schedule(this, "Schedule", {
			description: "Looks how old the newest Atlas snapshots are",
			schedule: ScheduleExpression.rate(LOOK_EVERY),
			scheduleGroup: group,
			target: new LambdaInvoke(fn, {
				role: role.withoutPolicyUpdates(),
				deadLetterQueue: undelivered,
				maxEventAge: LOOK_EVERY,
				retryAttempts: 3,
				input: ScheduleTargetInput.fromObject({ targets: watchedTargets(targets, selections, alarmEach) }),
			}),
		});
		schedule.node.addDependency(role);
	}
}
