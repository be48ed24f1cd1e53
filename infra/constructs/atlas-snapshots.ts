import { join } from "node:path";
import { RemovalPolicy } from "aws-cdk-lib";
import type { Metric, MetricOptions } from "aws-cdk-lib/aws-cloudwatch";
import type { IEventBus, OnEventOptions, Rule } from "aws-cdk-lib/aws-events";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { STATE_METRIC } from "../../lambda/domain/metrics.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import type { FreshnessEnvironment } from "../../lambda/handlers/config.ts";
import { alarmTopic, deadLetterQueue } from "./alarm-topic.ts";
import { Alarms } from "./alarms.ts";
import { SnapshotDashboard } from "./dashboard.ts";
import { outbound } from "./egress-vpc.ts";
import { EventRules } from "./event-rules.ts";
import { Freshness } from "./freshness.ts";
import { SnapshotApi } from "./http-api.ts";
import { acknowledge } from "./naming.ts";
import { type AtlasSnapshotsProps, type Bundles, PER_CLUSTER_ALARMS } from "./props.ts";
import { FAILED_STATES, Publishing } from "./publishing.ts";
import { Queries } from "./queries.ts";
import { runbookOf } from "./runbook.ts";
import { scheduledSelections, scheduledTargets } from "./scheduled-targets.ts";
import { Schedules } from "./schedules.ts";
import { atlasSecret, webhookSecret } from "./secrets.ts";
import { serviceMetric } from "./service-alarm.ts";
import type { FunctionSettings } from "./service-function.ts";
import { SnapshotFunction } from "./snapshot-function.ts";
import { TriggerFunction } from "./trigger-function.ts";

/**
 * What holds data outlives the stack. What a deploy made that is then rolled back holds none, and goes: nothing is left
 * over that costs money, or whose name the next deploy would want.
 *
 * @see CloudFormation user guide, "DeletionPolicy attribute", RetainExceptOnCreate
 */
export const KEPT = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

/** Where `npm run build` puts the functions: beside the file that this module becomes part of. */
const PACKAGED: Bundles = {
	snapshot: join(import.meta.dirname, "functions", "snapshot"),
	trigger: join(import.meta.dirname, "functions", "trigger"),
	freshness: join(import.meta.dirname, "functions", "freshness"),
};

/**
 * Takes MongoDB Atlas snapshots on schedules, events and requests, follows each to its end, publishes what happened, and
 * raises an alarm when a backup did not happen.
 */
export class AtlasSnapshots extends Construct {
	readonly secret: ISecret;
	readonly bus: IEventBus;
	readonly alarmTopic: ITopic;
	readonly snapshot: SnapshotFunction;
	readonly trigger: TriggerFunction;
	readonly schedules: Schedules;
	readonly dashboard: SnapshotDashboard;
	/** Gets what the scheduler and the event rules could not deliver. */
	readonly undelivered: Queue;
	/** Absent where `http` is `false`. */
	readonly api?: SnapshotApi;
	/** The keys of signed hooks, where there are any. */
	readonly webhookSecret?: ISecret;

	/** Looks how old the newest snapshots are, and answers `{"doctor": true}`. */
	readonly freshness: Freshness;

	readonly #publishing: Publishing;

	constructor(scope: Construct, id: string, props: AtlasSnapshotsProps) {
		super(scope, id);
		const { bundles = PACKAGED, schedules = [], http = {}, runbookUrl } = props;
		const removalPolicy = props.removalPolicy ?? KEPT;
		const settings: FunctionSettings = {
			memory: props.memory ?? 512,
			logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
			removalPolicy,
		};
		const network = props.vpc ? outbound(this, "Outbound", props.vpc, props.securityGroup) : undefined;
		this.secret = atlasSecret(this, "Secret", { given: props.secret, key: props.secretKey, removalPolicy });
		const runbook = runbookOf(this, runbookUrl);
		this.alarmTopic = props.alarmTopic ?? alarmTopic(this, "AlarmTopic", props.alarmEmail);
		this.#publishing = new Publishing(this, "Publishing", {
			topic: this.alarmTopic,
			runbook,
			removalPolicy,
			...(props.bus ? { bus: props.bus } : {}),
		});
		this.bus = this.#publishing.bus;
		const limits = props.limits && JSON.stringify(props.limits);
		const forAtlas = {
			...settings,
			secret: this.secret,
			environment: {
				ATLAS_SECRET_ID: this.secret.secretArn,
				ATLAS_BASE_URL: props.atlasBaseUrl,
			} satisfies FreshnessEnvironment,
			...(network ? { network } : {}),
		};
		this.snapshot = new SnapshotFunction(this, "Snapshot", {
			...forAtlas,
			environment: { ...forAtlas.environment, EVENT_BUS_NAME: this.bus.eventBusArn, REQUEST_LIMITS: limits },
			code: bundles.snapshot,
			bus: this.bus,
			...(props.reservedConcurrency ? { reservedConcurrency: props.reservedConcurrency } : {}),
		});
		if (http !== false && http.signedHook) {
			this.webhookSecret =
				http.signedHook === true
					? webhookSecret(this, "HookKeys", { key: props.hookSecretKey, removalPolicy })
					: http.signedHook;
		}
		this.trigger = new TriggerFunction(this, "Trigger", {
			...settings,
			code: bundles.trigger,
			snapshot: this.snapshot,
			limits,
			...(props.defaultRequest ? { defaultRequest: JSON.stringify(readSnapshotRequest(props.defaultRequest)) } : {}),
			...(this.webhookSecret ? { webhookSecret: this.webhookSecret } : {}),
		});
		this.undelivered = deadLetterQueue(this, "Undelivered", removalPolicy);
		acknowledge(this.undelivered, "SQS3", "it is the dead-letter queue of the scheduler and the event rules");
		const {
			undelivered,
			trigger: { function: trigger },
		} = this;
		this.schedules = new Schedules(this, "Schedules", { schedules, trigger, undelivered });
		new EventRules(this, "EventRules", {
			rules: props.eventRules ?? [],
			trigger,
			undelivered,
			hasDefaultRequest: props.defaultRequest !== undefined,
		});
		if (http !== false) this.api = new SnapshotApi(this, "Http", { ...http, ...settings, trigger });

		const alarmSettings = { topic: this.alarmTopic, runbook };
		const { all: alarms } = new Alarms(this, "Alarms", {
			...alarmSettings,
			snapshot: this.snapshot,
			trigger: this.trigger,
			undelivered,
			unmailed: this.#publishing.undelivered,
			...(this.api ? { api: this.api.api } : {}),
		});
		const targets = scheduledTargets(schedules);
		const selections = scheduledSelections(schedules);
		const alarmEach = targets.length <= (props.perClusterAlarms ?? PER_CLUSTER_ALARMS);
		this.freshness = new Freshness(this, "Freshness", {
			...forAtlas,
			...alarmSettings,
			environment: { ...forAtlas.environment, HEARTBEAT_URL: props.heartbeatUrl },
			code: bundles.freshness,
			targets,
			alarmEach,
			selections,
			group: this.schedules.group,
		});
		const { lastSuccess, ages } = new Queries(this, "Queries", {
			snapshotLogs: this.snapshot.logGroup,
			triggerLogs: this.trigger.logGroup,
			freshnessLogs: this.freshness.function.logGroup,
		});
		this.dashboard = new SnapshotDashboard(this, "Overview", {
			snapshot: this.snapshot,
			alarms: [...alarms, ...this.freshness.alarms],
			measured: alarmEach ? targets : [],
			coversMore: selections.length > 0 || !alarmEach,
			lastSuccess,
			ages,
		});
	}

	/** Snapshots that completed, over all clusters of this stack; as its siblings, a sum over five minutes. */
	metricCompleted(options?: MetricOptions): Metric {
		return serviceMetric(this, STATE_METRIC.COMPLETED, options);
	}

	metricStarted(options?: MetricOptions): Metric {
		return serviceMetric(this, STATE_METRIC.STARTED, options);
	}

	metricLate(options?: MetricOptions): Metric {
		return serviceMetric(this, STATE_METRIC.LATE, options);
	}

	metricFailed(options?: MetricOptions): Metric {
		return serviceMetric(this, STATE_METRIC.FAILED, options);
	}

	metricSkipped(options?: MetricOptions): Metric {
		return serviceMetric(this, STATE_METRIC.SKIPPED, options);
	}

	metricRefused(options?: MetricOptions): Metric {
		return serviceMetric(this, STATE_METRIC.REFUSED, options);
	}

	metricLost(options?: MetricOptions): Metric {
		return serviceMetric(this, STATE_METRIC.LOST, options);
	}

	/** Lets a principal start runs and read how they go: over HTTP, or without an API by invoking the trigger function. */
	grantTrigger(grantee: IGrantable): void {
		if (this.api) this.api.grantCall(grantee);
		else this.trigger.function.grantInvoke(grantee);
	}

	/** Calls a target for every completed snapshot, with the event of `docs/events.schema.json`. */
	onCompleted(id: string, options: OnEventOptions): Rule {
		return this.#publishing.onStates(id, ["COMPLETED"], options);
	}

	/** Calls a target for every cluster that ended without a snapshot it should have: `FAILED`, `REFUSED`, `LOST`. */
	onFailed(id: string, options: OnEventOptions): Rule {
		return this.#publishing.onStates(id, FAILED_STATES, options);
	}
}
