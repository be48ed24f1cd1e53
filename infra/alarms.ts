import { Duration } from "aws-cdk-lib";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { type Alarm, type IMetric, MathExpression, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { CREDENTIALS_REFUSED_METRIC, STATE_METRIC, THROTTLED_METRIC } from "../lambda/domain/metrics.ts";
import { serviceMetric } from "./metrics.ts";
import { type AlarmSettings, type ServiceAlarmProps, serviceAlarm } from "./service-alarm.ts";
import type { SnapshotFunction } from "./snapshot-function.ts";
import type { TriggerFunction } from "./trigger-function.ts";

/** Of the 3,000 operations that AWS grants an execution; past them it ends, whatever it was doing. */
const MANY_OPERATIONS = 2400;

const period = Duration.minutes(5);

export interface AlarmsProps extends AlarmSettings {
	readonly snapshot: SnapshotFunction;
	readonly trigger: TriggerFunction;
	/** Gets what the scheduler and the event rules could not deliver. */
	readonly undelivered: IQueue;
	readonly api?: HttpApi;
}

/** The alarms about the service as a whole; those about clusters' ages are in `freshness.ts`. */
export class Alarms extends Construct {
	readonly all: readonly Alarm[];

	constructor(scope: Construct, id: string, { snapshot, trigger, undelivered, api, ...settings }: AlarmsProps) {
		super(scope, id);
		const alarm = (name: string, props: ServiceAlarmProps) => serviceAlarm(this, name, settings, props);
		this.all = [
			alarm("RunFailed", {
				metric: failedRuns(snapshot),
				threshold: 1,
				impact: "When this rings, at least one cluster of a run has no snapshot from it.",
				section: "a-run-failed",
			}),
			alarm("RunToRedrive", {
				metric: waiting(snapshot.deadLetters),
				threshold: 1,
				impact:
					"When this rings, a run that was accepted ended badly or never began, and its event waits in the queue.",
				section: "a-run-failed",
			}),
			alarm("EventUndelivered", {
				metric: waiting(undelivered),
				threshold: 1,
				impact: "When this rings, a schedule or an event rule fired and no run came of it.",
				section: "a-run-never-started",
			}),
			alarm("RunNotStarted", {
				metric: waiting(trigger.deadLetters),
				threshold: 1,
				impact: "When this rings, an event reached the trigger function, which could start no run from it.",
				section: "a-run-never-started",
			}),
			alarm("SnapshotLate", {
				metric: serviceMetric(this, STATE_METRIC.LATE, { period }),
				threshold: 1,
				impact:
					"When this rings, a snapshot still runs past its request's deadline, and whatever waits for it waits longer.",
				section: "a-snapshot-is-late",
			}),
			alarm("Throttled", {
				metric: serviceMetric(this, THROTTLED_METRIC, { period }),
				threshold: 1,
				periods: 3,
				impact: "When this rings, snapshots start late, and so may others who call Atlas for the same projects.",
				section: "atlas-throttles-us",
			}),
			alarm("CredentialsRefused", {
				metric: serviceMetric(this, CREDENTIALS_REFUSED_METRIC, { period }),
				threshold: 1,
				impact:
					"When this rings, no cluster behind these keys gets a snapshot until they, their role or the access list are mended.",
				section: "atlas-refuses-our-credentials",
			}),
			alarm("ManyOperations", {
				metric: ofRuns(snapshot, "DurableExecutionOperations", Stats.MAXIMUM),
				threshold: MANY_OPERATIONS,
				impact: "When this rings, a run may soon be ended by AWS in the middle, and its clusters be lost sight of.",
				section: "a-run-nears-the-limit-of-operations",
			}),
			...(api
				? [
						alarm("HttpFault", {
							metric: api.metricServerError({ period, statistic: Stats.SUM }),
							threshold: 1,
							impact: "When this rings, a pipeline or a person asked for a snapshot and got no answer of use.",
							section: "the-http-api-answers-5xx",
						}),
					]
				: []),
		];
	}
}

/** A metric that Lambda keeps about the durable executions of the function. */
export const ofRuns = (
	{ function: fn }: SnapshotFunction,
	metricName: string,
	statistic: string = Stats.SUM,
): IMetric => fn.metric(metricName, { statistic, period });

const failedRuns = (snapshot: SnapshotFunction): MathExpression =>
	new MathExpression({
		expression: "FILL(failed, 0) + FILL(timedOut, 0) + FILL(stopped, 0)",
		label: "runs that did not succeed",
		period,
		usingMetrics: {
			failed: ofRuns(snapshot, "DurableExecutionFailed"),
			timedOut: ofRuns(snapshot, "DurableExecutionTimedOut"),
			stopped: ofRuns(snapshot, "DurableExecutionStopped"),
		},
	});

const waiting = (queue: IQueue): IMetric =>
	queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM });
