import { Duration } from "aws-cdk-lib";
import { type Alarm, type Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { Schedule, ScheduleExpression, type ScheduleGroup, ScheduleTargetInput } from "aws-cdk-lib/aws-scheduler";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { AGE_METRIC, NOT_FRESH_METRIC } from "../../lambda/domain/metrics.ts";
import type { FreshnessEnvironment } from "../../lambda/handlers/config.ts";
import type { WatchedClusters } from "../../lambda/monitoring/freshness-event.ts";
import { waiting } from "./alarms.ts";
import { LOOK_EVERY, type ScheduledTarget, watchedTargets } from "./scheduled-targets.ts";
import { schedulerRole } from "./schedules.ts";
import { allowReading } from "./secrets.ts";
import { type AlarmSettings, filled, type ServiceAlarmProps, serviceAlarm, serviceMetric } from "./service-alarm.ts";
import { type FunctionSettings, type Network, ServiceFunction } from "./service-function.ts";

export interface FreshnessProps extends FunctionSettings, AlarmSettings {
	readonly code: string;
	readonly environment: FreshnessEnvironment;
	readonly secret: ISecret;
	readonly targets: readonly ScheduledTarget[];
	/** Whether each target has an alarm, and a metric, of its own; otherwise all share one. */
	readonly alarmEach: boolean;
	/** Clusters that only a look can name; with the targets they share one alarm. */
	readonly selections: readonly WatchedClusters[];
	readonly group: ScheduleGroup;
	readonly network?: Network;
}

/** A look that failed is of no use once the next ones are made; its message goes, and the alarm with it. */
const KEPT_FOR = Duration.hours(1);
const WHILE_LOOKS_FAIL =
	"Turns within 10 minutes of a failed look, 25 where none failed for long; returns an hour after the last one.";

/** An alarm about what looks saw. */
interface LookAlarmProps extends Pick<ServiceAlarmProps, "threshold" | "impact" | "section"> {
	readonly metric: Metric;
}

/**
 * A period without a good look counts as a bad one, so seven of five minutes ring when 35 minutes bring none: two looks
 * were bad, or did not come. One that fails alone rings nothing, and the first good one ends it.
 */
const LOOKS = {
	periods: 7,
	missingIsBad: true,
	turns:
		"Turns 35 to 42 minutes after the last look that found all well, looks being made every 15 minutes; returns within 7 minutes of the next such look.",
} as const;

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
		const { targets, selections, alarmEach, secret, topic, runbook } = props;
		const alarm = (name: string, { metric, ...alarmProps }: LookAlarmProps) =>
			serviceAlarm(
				this,
				name,
				{ topic, runbook },
				{
					...LOOKS,
					...alarmProps,
					metric: filled(metric.with({ period: Duration.minutes(5), statistic: Stats.MAXIMUM }), alarmProps.threshold),
				},
			);
		this.function = new ServiceFunction(this, "Look", {
			...props,
			description: "Asks Atlas how old each scheduled cluster's newest snapshot is",
			timeout: Duration.minutes(5),
			// The next look is near, and is worth as much as a repeated one.
			retryAttempts: 0,
			deadLettersFor: KEPT_FOR,
		});
		allowReading(this.function.role, secret);
		if (targets.length + selections.length === 0) {
			this.alarms = [];
			return;
		}
		this.schedule(props);
		this.alarms = [
			serviceAlarm(
				this,
				"LookFailed",
				{ topic, runbook },
				{
					metric: waiting(this.function.deadLetters),
					threshold: 1,
					turns: WHILE_LOOKS_FAIL,
					impact: "When this rings, a look at the age of the newest snapshots was not made or did not end.",
					section: "a-look-failed",
				},
			),
			...(alarmEach ? targets : []).map((target) =>
				alarm(`${target.projectId}-${target.clusterName}`, {
					metric: serviceMetric(this, AGE_METRIC, {}, target),
					threshold: (target.expectedEveryMinutes + target.graceMinutes) * 60,
					impact: `When this rings, cluster ${target.clusterName} of project ${target.projectId} has no completed snapshot as young as its schedule promises, or nobody can tell.`,
					section: "a-cluster-has-no-fresh-snapshot",
				}),
			),
			alarm("ClustersNotFresh", {
				metric: serviceMetric(this, NOT_FRESH_METRIC),
				threshold: 1,
				impact:
					"When this rings, at least one cluster that a schedule names or selects has no completed snapshot as young as promised, or nobody can tell.",
				section: "some-clusters-have-no-fresh-snapshot",
			}),
		];
	}

	/** The targets travel in the input: an environment holds 4 KB, some thirty clusters. */
	private schedule({ group, targets, selections, alarmEach }: FreshnessProps): void {
		const { function: fn, deadLetters } = this.function;
		const role = schedulerRole(this, "ScheduleRole", group, fn, deadLetters);
		const schedule = new Schedule(this, "Schedule", {
			description: "Looks how old the newest Atlas snapshots are",
			schedule: ScheduleExpression.rate(LOOK_EVERY),
			scheduleGroup: group,
			target: new LambdaInvoke(fn, {
				role: role.withoutPolicyUpdates(),
				deadLetterQueue: deadLetters,
				maxEventAge: LOOK_EVERY,
				retryAttempts: 3,
				input: ScheduleTargetInput.fromObject({ targets: watchedTargets(targets, selections, alarmEach) }),
			}),
		});
		schedule.node.addDependency(role);
	}
}
