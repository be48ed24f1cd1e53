import { join } from "node:path";
import type { Metric, MetricOptions } from "aws-cdk-lib/aws-cloudwatch";
import type { IEventBus, OnEventOptions, Rule } from "aws-cdk-lib/aws-events";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { STATE_METRIC } from "../../lambda/domain/metrics.ts";
import type { State } from "../../lambda/domain/outcome.ts";
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
import { type AtlasSnapshotsProps, type Bundles, KEPT, PER_CLUSTER_ALARMS } from "./props.ts";
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

/** Where `npm run build` puts the functions: beside the file that this module becomes part of. */
const PACKAGED: Bundles = {
	snapshot: join(import.meta.dirname, "functions/snapshot"),
	trigger: join(import.meta.dirname, "functions/trigger"),
	freshness: join(import.meta.dirname, "functions/freshness"),
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
	/** Receives what the scheduler and the event rules could not deliver. */
	readonly undelivered: Queue;
	/** Absent where `http` is `false`. */
	readonly api: SnapshotApi | undefined;
	/** The keys of signed hooks, where there are any. */
	readonly webhookSecret: ISecret | undefined;
	/** Checks how old the newest snapshots are, and answers `{"doctor": true}`. */
	readonly freshness: Freshness;
	readonly #publishing: Publishing;

	constructor(scope: Construct, id: string, props: AtlasSnapshotsProps) {
		super(scope, id);
		const { bundles = PACKAGED, schedules = [], http = {}, removalPolicy = KEPT } = props;
		const settings: FunctionSettings = {
			memory: props.memory ?? 512,
			logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
			removalPolicy,
		};
		const network = props.vpc && outbound(this, "Outbound", props.vpc, props.securityGroup);
		this.secret = atlasSecret(this, "Secret", { given: props.secret, key: props.secretKey, removalPolicy });
		this.alarmTopic = props.alarmTopic ?? alarmTopic(this, "AlarmTopic", props.alarmEmail);
		const alarmSettings = { topic: this.alarmTopic, runbook: runbookOf(this, props.runbookUrl) };
		this.#publishing = new Publishing(this, "Publishing", { ...alarmSettings, removalPolicy, bus: props.bus });
		this.bus = this.#publishing.bus;
		const limits = props.limits && JSON.stringify(props.limits);
		const environment: FreshnessEnvironment = {
			ATLAS_SECRET_ID: this.secret.secretArn,
			ATLAS_BASE_URL: props.atlasBaseUrl,
		};
		const forAtlas = { ...settings, secret: this.secret, network };
		this.snapshot = new SnapshotFunction(this, "Snapshot", {
			...forAtlas,
			environment: { ...environment, EVENT_BUS_NAME: this.bus.eventBusArn, REQUEST_LIMITS: limits },
			code: bundles.snapshot,
			bus: this.bus,
			reservedConcurrency: props.reservedConcurrency,
		});
		const { signedHook = false } = http || {};
		this.webhookSecret =
			signedHook === true
				? webhookSecret(this, "HookKeys", { key: props.hookSecretKey, removalPolicy })
				: signedHook || undefined;
		this.trigger = new TriggerFunction(this, "Trigger", {
			...settings,
			code: bundles.trigger,
			snapshot: this.snapshot,
			limits,
			defaultRequest: props.defaultRequest && JSON.stringify(readSnapshotRequest(props.defaultRequest)),
			webhookSecret: this.webhookSecret,
		});
		this.undelivered = deadLetterQueue(this, "Undelivered", removalPolicy);
		acknowledge(this.undelivered, "SQS3", "it is the dead-letter queue of the scheduler and the event rules");
		const delivery = { trigger: this.trigger.function, undelivered: this.undelivered };
		this.schedules = new Schedules(this, "Schedules", { ...delivery, schedules });
		new EventRules(this, "EventRules", {
			...delivery,
			rules: props.eventRules ?? [],
			hasDefaultRequest: props.defaultRequest !== undefined,
		});
		this.api = http ? new SnapshotApi(this, "Http", { ...http, ...settings, ...delivery }) : undefined;

		const { all: alarms } = new Alarms(this, "Alarms", {
			...alarmSettings,
			snapshot: this.snapshot,
			trigger: this.trigger,
			undelivered: this.undelivered,
			undeliveredNotifications: this.#publishing.undelivered,
			api: this.api?.api,
		});
		const targets = scheduledTargets(schedules);
		const selections = scheduledSelections(schedules);
		const alarmEach = targets.length <= (props.perClusterAlarms ?? PER_CLUSTER_ALARMS);
		this.freshness = new Freshness(this, "Freshness", {
			...forAtlas,
			...alarmSettings,
			environment: { ...environment, HEARTBEAT_URL: props.heartbeatUrl },
			code: bundles.freshness,
			targets,
			alarmEach,
			selections,
			group: this.schedules.group,
		});
		const queries = new Queries(this, "Queries", {
			snapshotLogs: this.snapshot.logGroup,
			triggerLogs: this.trigger.logGroup,
			freshnessLogs: this.freshness.function.logGroup,
		});
		this.dashboard = new SnapshotDashboard(this, "Overview", {
			snapshot: this.snapshot,
			alarms: [...alarms, ...this.freshness.alarms],
			measured: alarmEach ? targets : [],
			coversMore: selections.length > 0 || !alarmEach,
			lastSuccess: queries.lastSuccess,
			ages: queries.ages,
		});
	}

	/** Targets that reached a state, over all clusters of this stack; each metric is by default a sum over five minutes. */
	readonly metricCompleted = (options?: MetricOptions): Metric => this.#stateMetric("COMPLETED", options);
	readonly metricStarted = (options?: MetricOptions): Metric => this.#stateMetric("STARTED", options);
	readonly metricLate = (options?: MetricOptions): Metric => this.#stateMetric("LATE", options);
	readonly metricFailed = (options?: MetricOptions): Metric => this.#stateMetric("FAILED", options);
	readonly metricSkipped = (options?: MetricOptions): Metric => this.#stateMetric("SKIPPED", options);
	readonly metricRefused = (options?: MetricOptions): Metric => this.#stateMetric("REFUSED", options);
	readonly metricLost = (options?: MetricOptions): Metric => this.#stateMetric("LOST", options);
	readonly #stateMetric = (state: State, options?: MetricOptions): Metric =>
		serviceMetric(this, STATE_METRIC[state], options);

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
