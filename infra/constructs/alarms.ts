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

/** Of the 3,000 operations that AWS grants an execution; past them it ends, whatever it was doing. */
const MANY_OPERATIONS = 2400;

/** Of the account's quota. */
const MANY_EXECUTIONS_PERCENT = 80;

const period = Duration.minutes(5);

export interface AlarmsProps extends AlarmSettings {
	readonly snapshot: SnapshotFunction;
	readonly trigger: TriggerFunction;
	/** Gets what the scheduler and the event rules could not deliver. */
	readonly undelivered: IQueue;
	/** Gets the news that the topic could not be given. */
	readonly unmailed: IQueue;
	readonly api?: HttpApi;
}

/** How a run ends badly, by alarm. */
const ENDS = {
	RunFailed: "DurableExecutionFailed",
	RunTimedOut: "DurableExecutionTimedOut",
	RunStopped: "DurableExecutionStopped",
} as const;

/** Three periods, since the last one's data may not be there yet when it is evaluated. */
const ONCE = {
	periods: 3,
	of: 1,
	turns: "Turns within 10 minutes of the event; returns 15 to 20 minutes after the last one.",
} as const;

const WHILE_WAITING =
	"Turns within 10 minutes of a message, 25 where the queue was idle for long; returns within 10 minutes of the queue being empty.";

/** The alarms about the service as a whole; those about clusters' ages are in `freshness.ts`. */
export class Alarms extends Construct {
	readonly all: readonly Alarm[];

	constructor(
		scope: Construct,
		id: string,
		{ snapshot, trigger, undelivered, unmailed, api, ...settings }: AlarmsProps,
	) {
		super(scope, id);
		const alarm = (name: string, props: ServiceAlarmProps) => serviceAlarm(this, name, settings, props);
		/** Counted by the stack, in every period. */
		const counted = (name: string, of = period) => filled(serviceMetric(this, name, { period: of }), 0);
		this.all = [
			// One alarm for each: a sum is unknown where CloudWatch has never seen one of its terms.
			...Object.entries(ENDS).map(([name, metric]) =>
				alarm(name, {
					metric: filled(ofRuns(snapshot, metric), 0),
					threshold: 1,
					...ONCE,
					impact: "When this rings, at least one cluster of a run has no snapshot from it.",
					section: "a-run-failed",
				}),
			),
			alarm("RunToRedrive", {
				metric: waiting(snapshot.deadLetters),
				threshold: 1,
				turns: WHILE_WAITING,
				impact:
					"When this rings, a run that was accepted ended badly or never began, and its event waits in the queue.",
				section: "a-run-failed",
			}),
			alarm("EventUndelivered", {
				metric: waiting(undelivered),
				threshold: 1,
				turns: WHILE_WAITING,
				impact: "When this rings, a schedule or an event rule fired and no run came of it.",
				section: "a-run-never-started",
			}),
			alarm("RunNotStarted", {
				metric: waiting(trigger.deadLetters),
				threshold: 1,
				turns: WHILE_WAITING,
				impact: "When this rings, an event reached the trigger function, which could start no run from it.",
				section: "a-run-never-started",
			}),
			alarm("PublishFailed", {
				metric: counted(PUBLISH_FAILED_METRIC),
				threshold: 1,
				...ONCE,
				impact:
					"When this rings, the bus refuses events: whoever waits for one waits longer, though snapshots are taken and followed.",
				section: "events-are-not-published",
			}),
			alarm("MailUndelivered", {
				metric: waiting(unmailed),
				threshold: 1,
				turns: WHILE_WAITING,
				impact: "When this rings, the news of a target that is late or did not complete has not reached the topic.",
				section: "mails-are-not-delivered",
			}),
			alarm("SnapshotLate", {
				metric: counted(LATE_METRIC, Duration.minutes(15)),
				threshold: 1,
				periods: 96,
				of: 1,
				turns:
					"Turns within 20 minutes of the deadline and stays while the snapshot is late, up to 24 hours past its last poll; returns within 20 minutes of the poll that finds its end.",
				impact:
					"When this rings, a snapshot still runs past its request's deadline, and whatever waits for it waits longer.",
				section: "a-snapshot-is-late",
			}),
			alarm("Throttled", {
				metric: counted(THROTTLED_METRIC),
				threshold: 1,
				periods: 6,
				of: 3,
				turns: "Turns when 3 of 6 periods of 5 minutes saw a refusal; returns at most 25 minutes after the last one.",
				impact: "When this rings, snapshots start late, and so may others who call Atlas for the same projects.",
				section: "atlas-throttles-us",
			}),
			alarm("CredentialsRefused", {
				metric: counted(CREDENTIALS_REFUSED_METRIC),
				threshold: 1,
				periods: 8,
				of: 1,
				turns:
					"Turns within 10 minutes of a refusal and stays while each look, every 15 minutes, is refused; returns 40 to 50 minutes after the last refusal.",
				impact:
					"When this rings, no cluster behind these keys gets a snapshot until they, their role or the access list are mended.",
				section: "atlas-refuses-our-credentials",
			}),
			alarm("ManyOperations", {
				metric: filled(ofRuns(snapshot, "DurableExecutionOperations", Stats.MAXIMUM), 0),
				threshold: MANY_OPERATIONS,
				...ONCE,
				impact: "When this rings, a run may soon be ended by AWS in the middle, and its clusters be lost sight of.",
				section: "a-run-nears-the-limit-of-operations",
			}),
			alarm("ManyExecutions", {
				metric: filled(executionsUtilization(), 0),
				threshold: MANY_EXECUTIONS_PERCENT,
				...ONCE,
				impact:
					"When this rings, the account runs nearly as many durable executions as it may, this stack's and others': soon no run begins.",
				section: "the-accounts-quota-of-executions",
			}),
			...(api
				? [
						alarm("HttpFault", {
							metric: filled(api.metricServerError({ period, statistic: Stats.SUM }), 0),
							threshold: 1,
							...ONCE,
							impact: "When this rings, a pipeline or a person asked for a snapshot and got no answer of use.",
							section: "the-http-api-answers-5xx",
						}),
					]
				: []),
		];
	}
}

/** AWS counts them for the account, not for a function. @see Lambda developer guide, "Monitoring durable functions" */
const executionsUtilization = (): Metric =>
	new Metric({
		namespace: "AWS/Lambda",
		metricName: "ApproximateRunningDurableExecutionsUtilization",
		statistic: Stats.MAXIMUM,
		period,
	});

/** A metric that Lambda keeps about the durable executions of the function. */
export const ofRuns = ({ function: fn }: SnapshotFunction, metricName: string, statistic: string = Stats.SUM): Metric =>
	fn.metric(metricName, { statistic, period });

export const waiting = (queue: IQueue): IMetric =>
	queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM });
