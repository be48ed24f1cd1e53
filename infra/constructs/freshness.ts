import { Duration } from "aws-cdk-lib";
import { type Alarm, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { Schedule, ScheduleExpression, type ScheduleGroup, ScheduleTargetInput } from "aws-cdk-lib/aws-scheduler";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { AGE_METRIC, NOT_FRESH_METRIC } from "../../lambda/domain/metrics.ts";
import type { FreshnessEnvironment } from "../../lambda/handlers/config.ts";
import type { WatchedClusters } from "../../lambda/monitoring/freshness-event.ts";
import { queuedMessages } from "./alarms.ts";
import { CHECK_INTERVAL, type ScheduledTarget, watchedClusters } from "./scheduled-targets.ts";
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
	/** Clusters that are known by name only at each check; with the targets they share one alarm. */
	readonly selections: readonly WatchedClusters[];
	readonly group: ScheduleGroup;
	readonly network?: Network | undefined;
}

/**
 * A period without a good check counts as a bad one, so 35 minutes without one raise the alarm: two checks were bad or
 * missing. A single failed check does not, and the first good one ends the alarm.
 */
const CHECK_ALARM = {
	periods: 7,
	missingIsBreaching: true,
	timing:
		"ALARM 35 to 42 minutes after the last check that found all fresh, checks being made every 15 minutes; OK within 7 minutes of the next such check.",
} as const;

/**
 * Asks Atlas how old each cluster's newest completed snapshot is, independently of the runs, so that it notices those
 * that never began. The age is the metric because a count of completions cannot serve: an alarm covers seven days at
 * most (`Period` × `EvaluationPeriods` of PutMetricAlarm), a weekly schedule and its grace are longer.
 */
export class Freshness extends Construct {
	readonly function: ServiceFunction;
	readonly alarms: readonly Alarm[];

	constructor(scope: Construct, id: string, props: FreshnessProps) {
		super(scope, id);
		const { targets, selections, alarmEach } = props;
		this.function = new ServiceFunction(this, "Look", {
			...props,
			description: "Asks Atlas how old each scheduled cluster's newest snapshot is",
			timeout: Duration.minutes(5),
			// The next check is near, and is worth as much as a repeated one.
			retryAttempts: 0,
			// After the next checks a failed one is of no use; its message goes, and LookFailed returns to OK.
			deadLettersFor: Duration.hours(1),
		});
		allowReading(this.function.role, props.secret);
		if (targets.length + selections.length === 0) {
			this.alarms = [];
			return;
		}
		this.addSchedule(props);
		const alarm = (name: string, alarmProps: ServiceAlarmProps) => serviceAlarm(this, name, props, alarmProps);
		const metric = (name: string, fill: number, target?: ScheduledTarget) =>
			filled(serviceMetric(this, name, { period: Duration.minutes(5), statistic: Stats.MAXIMUM }, target), fill);
		this.alarms = [
			alarm("LookFailed", {
				metric: queuedMessages(this.function.deadLetters),
				threshold: 1,
				timing: "ALARM within 10 minutes of a failed check, 25 if none failed before; OK an hour after the last one.",
				impact: "Impact: a check of the age of the newest snapshots was not made or did not end.",
				section: "a-freshness-check-failed",
			}),
			...(alarmEach ? targets : []).map((target) => {
				const threshold = (target.expectedEveryMinutes + target.graceMinutes) * 60;
				return alarm(`${target.projectId}-${target.clusterName}`, {
					...CHECK_ALARM,
					metric: metric(AGE_METRIC, threshold, target),
					threshold,
					impact: `Impact: cluster ${target.clusterName} of project ${target.projectId} has no completed snapshot as recent as its schedule requires, or its age is unknown.`,
					section: "a-cluster-has-no-fresh-snapshot",
				});
			}),
			alarm("ClustersNotFresh", {
				...CHECK_ALARM,
				metric: metric(NOT_FRESH_METRIC, 1),
				threshold: 1,
				impact:
					"Impact: at least one cluster that a schedule names or selects has no completed snapshot as recent as required, or its age is unknown.",
				section: "some-clusters-have-no-fresh-snapshot",
			}),
		];
	}

	/** The targets are in the schedule's input: an environment holds 4 KB, some thirty clusters. */
	private addSchedule({ group, targets, selections, alarmEach }: FreshnessProps): void {
		const { function: fn, deadLetters } = this.function;
		const role = schedulerRole(this, "ScheduleRole", group, fn, deadLetters);
		const schedule = new Schedule(this, "Schedule", {
			description: "Checks how old the newest Atlas snapshots are",
			schedule: ScheduleExpression.rate(CHECK_INTERVAL),
			scheduleGroup: group,
			target: new LambdaInvoke(fn, {
				role: role.withoutPolicyUpdates(),
				deadLetterQueue: deadLetters,
				maxEventAge: CHECK_INTERVAL,
				retryAttempts: 3,
				input: ScheduleTargetInput.fromObject({ targets: watchedClusters(targets, selections, alarmEach) }),
			}),
		});
		schedule.node.addDependency(role);
	}
}
