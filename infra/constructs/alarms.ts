import { Duration } from "aws-cdk-lib";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { type Alarm, type IMetric, Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import {
	CREDENTIALS_REFUSED_METRIC,
	LATE_METRIC,
	PUBLISH_FAILED_METRIC,
	THROTTLED_METRIC,
} from "../../lambda/domain/metrics.ts";
import { type AlarmSettings, filled, type ServiceAlarmProps, serviceAlarm, serviceMetric } from "./service-alarm.ts";
import type { SnapshotFunction } from "./snapshot-function.ts";
import type { TriggerFunction } from "./trigger-function.ts";

/** Of the 3,000 operations of a durable execution, at which AWS ends it. */
const MANY_OPERATIONS = 2400;
/** Of the account's quota of durable executions. */
const MANY_EXECUTIONS_PERCENT = 80;

const period = Duration.minutes(5);

export interface AlarmsProps extends AlarmSettings {
	readonly snapshot: SnapshotFunction;
	readonly trigger: TriggerFunction;
	/** Receives what the scheduler and the event rules could not deliver. */
	readonly undelivered: IQueue;
	/** Receives the notifications that the topic did not accept. */
	readonly undeliveredNotifications: IQueue;
	readonly api?: HttpApi | undefined;
}

/** How a run ends badly, by alarm. */
const FAILED_RUNS = {
	RunFailed: "DurableExecutionFailed",
	RunTimedOut: "DurableExecutionTimedOut",
	RunStopped: "DurableExecutionStopped",
} as const;

/** One event is enough. Three periods, because the data of the last one may be missing when it is evaluated. */
const ON_EVENT = {
	threshold: 1,
	periods: 3,
	of: 1,
	timing: "ALARM within 10 minutes of the event; OK 15 to 20 minutes after the last one.",
} as const;

const WHILE_QUEUED = {
	threshold: 1,
	timing:
		"ALARM within 10 minutes of a message, 25 if the queue was idle; OK within 10 minutes of the queue being empty.",
} as const;

/** The alarms about the service as a whole; those about the clusters' snapshot ages are in `freshness.ts`. */
export class Alarms extends Construct {
	readonly all: readonly Alarm[];

	constructor(scope: Construct, id: string, { api, ...props }: AlarmsProps) {
		super(scope, id);
		const { snapshot, trigger, undelivered, undeliveredNotifications, ...settings } = props;
		/** Published by the functions; 0 in periods without data. */
		const published = (name: string, of = period) => filled(serviceMetric(this, name, { period: of }), 0);
		const alarms: Readonly<Record<string, ServiceAlarmProps>> = {
			// One alarm each: a sum is unknown as long as CloudWatch has no data for one of its terms.
			...Object.fromEntries(
				Object.entries(FAILED_RUNS).map(([name, metric]) => [
					name,
					{
						...ON_EVENT,
						metric: filled(runMetric(snapshot, metric), 0),
						impact: "Impact: at least one cluster of a run has no snapshot from it.",
						section: "a-run-failed",
					} as const,
				]),
			),
			RunToRedrive: {
				...WHILE_QUEUED,
				metric: queuedMessages(snapshot.deadLetters),
				impact: "Impact: an accepted run failed or never began; its event waits in the queue.",
				section: "a-run-failed",
			},
			EventUndelivered: {
				...WHILE_QUEUED,
				metric: queuedMessages(undelivered),
				impact: "Impact: a schedule or an event rule fired and no run was started.",
				section: "a-run-never-started",
			},
			RunNotStarted: {
				...WHILE_QUEUED,
				metric: queuedMessages(trigger.deadLetters),
				impact: "Impact: the trigger function received an event and could not start a run.",
				section: "a-run-never-started",
			},
			PublishFailed: {
				...ON_EVENT,
				metric: published(PUBLISH_FAILED_METRIC),
				impact: "Impact: the bus refuses events, so consumers get them late; snapshots are still taken and followed.",
				section: "events-are-not-published",
			},
			MailUndelivered: {
				...WHILE_QUEUED,
				metric: queuedMessages(undeliveredNotifications),
				impact: "Impact: a notification of a late or failed target has not reached the topic.",
				section: "mails-are-not-delivered",
			},
			SnapshotLate: {
				metric: published(LATE_METRIC, Duration.minutes(15)),
				threshold: 1,
				periods: 96,
				of: 1,
				timing:
					"ALARM within 20 minutes of the deadline and while the snapshot is late, up to 24 hours past its last poll; OK within 20 minutes of the poll that finds its end.",
				impact: "Impact: a snapshot is still running past its request's deadline.",
				section: "a-snapshot-is-late",
			},
			Throttled: {
				metric: published(THROTTLED_METRIC),
				threshold: 1,
				periods: 6,
				of: 3,
				timing: "ALARM if Atlas throttled in 3 of 6 periods of 5 minutes; OK at most 25 minutes after the last one.",
				impact: "Impact: snapshots start late, and other callers of Atlas may be throttled for the same projects.",
				section: "atlas-throttles-us",
			},
			CredentialsRefused: {
				metric: published(CREDENTIALS_REFUSED_METRIC),
				threshold: 1,
				periods: 8,
				of: 1,
				timing:
					"ALARM within 10 minutes of a refusal and while each check, every 15 minutes, is refused; OK 40 to 50 minutes after the last refusal.",
				impact: "Impact: no cluster gets a snapshot until the Atlas keys, their role or the access list are corrected.",
				section: "atlas-refuses-our-credentials",
			},
			ManyOperations: {
				...ON_EVENT,
				metric: filled(runMetric(snapshot, "DurableExecutionOperations", Stats.MAXIMUM), 0),
				threshold: MANY_OPERATIONS,
				impact: "Impact: AWS may soon end a run before its snapshots have ended.",
				section: "a-run-nears-the-limit-of-operations",
			},
			ManyExecutions: {
				...ON_EVENT,
				metric: filled(accountMetric("ApproximateRunningDurableExecutionsUtilization", { period }), 0),
				threshold: MANY_EXECUTIONS_PERCENT,
				impact: "Impact: the account nears its quota of durable executions, past which no run starts.",
				section: "the-accounts-quota-of-executions",
			},
			...(api && {
				HttpFault: {
					...ON_EVENT,
					metric: filled(api.metricServerError({ period, statistic: Stats.SUM }), 0),
					impact: "Impact: an HTTP caller asked for a snapshot and got a 5xx response.",
					section: "the-http-api-answers-5xx",
				},
			}),
		};
		this.all = Object.entries(alarms).map(([name, alarm]) => serviceAlarm(this, name, settings, alarm));
	}
}

/** A metric that Lambda keeps for the whole account. @see Lambda developer guide, "Monitoring durable functions" */
export const accountMetric = (metricName: string, options: { period?: Duration; label?: string }): Metric =>
	new Metric({ namespace: "AWS/Lambda", metricName, statistic: Stats.MAXIMUM, ...options });

/** A metric that Lambda keeps about the function's durable executions. */
export const runMetric = (snapshot: SnapshotFunction, metricName: string, statistic: string = Stats.SUM): Metric =>
	snapshot.function.metric(metricName, { statistic, period });

export const queuedMessages = (queue: IQueue): IMetric =>
	queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM });
