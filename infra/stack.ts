import { CfnOutput, Duration, RemovalPolicy, Stack, Tags } from "aws-cdk-lib";
import { EventBus, type EventPattern } from "aws-cdk-lib/aws-events";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { AtlasSnapshots } from "./constructs/atlas-snapshots.ts";
import { EgressVpc } from "./constructs/egress-vpc.ts";
import {
	type AtlasSnapshotsProps,
	type Bundles,
	type EventRuleProps,
	type HttpProps,
	KEPT,
	type ScheduleProps,
} from "./constructs/props.ts";
import type { Settings } from "./settings/settings.ts";

/** The construct on its own, configured by `cdk.json`. Other programs rely on the names of its outputs. */
export class AtlasSnapshotsStack extends Stack {
	readonly snapshots: AtlasSnapshots;

	constructor(scope: Construct, id: string, bundles: Bundles, settings: Settings) {
		super(scope, id, {
			stackName: settings.stackName ?? id,
			description: "Takes MongoDB Atlas on-demand snapshots and publishes what became of them",
		});
		const removalPolicy = settings.removalPolicy === "destroy" ? RemovalPolicy.DESTROY : KEPT;
		const { secretKeyArn, hookSecretKeyArn, busArn, alarmTopicArn } = settings;
		const secretKey = whenSet(secretKeyArn, (arn) => Key.fromKeyArn(this, "SecretKey", arn));
		const hookSecretKey = whenSet(hookSecretKeyArn, (arn) => Key.fromKeyArn(this, "HookSecretKey", arn));
		const network = settings.vpc
			? new EgressVpc(this, "Network", { ...settings.vpc, logRetention: settings.logRetentionDays, removalPolicy })
			: undefined;
		this.snapshots = new AtlasSnapshots(this, "AtlasSnapshots", {
			...settings,
			bundles,
			secret: this.secret(settings, secretKey),
			secretKey,
			hookSecretKey,
			bus: whenSet(busArn, (arn) => EventBus.fromEventBusArn(this, "GivenBus", arn)),
			alarmTopic: whenSet(alarmTopicArn, (arn) => Topic.fromTopicArn(this, "GivenTopic", arn)),
			vpc: network?.vpc,
			schedules: settings.schedules.map(toSchedule),
			eventRules: settings.eventRules.map((rule) => this.eventRule(rule)),
			http: settings.http && this.http(settings.http, hookSecretKey),
			logRetention: settings.logRetentionDays,
			memory: settings.memoryMegabytes,
			removalPolicy,
		});
		Tags.of(this).add("app", "atlas-snapshots");
		this.addOutputs(network);
	}

	private addOutputs(network: EgressVpc | undefined): void {
		const {
			api,
			bus,
			alarmTopic,
			dashboard,
			snapshot,
			trigger,
			undelivered,
			schedules,
			secret,
			webhookSecret,
			freshness,
		} = this.snapshots;
		const output = (name: string, value: string, description: string) =>
			new CfnOutput(this, name, { value, description });
		if (api) output("ApiUrl", api.url, "Of the HTTP API; calls are signed with SigV4");
		output("EventBusName", bus.eventBusName, "Outcomes are published on this bus");
		output("AlarmTopicArn", alarmTopic.topicArn, "Alarms and failed targets are sent to this topic");
		output(
			"DashboardUrl",
			`https://${this.region}.console.aws.amazon.com/cloudwatch/home?region=${this.region}#dashboards:name=${dashboard.dashboard.dashboardName}`,
			"What became of the snapshots, in graphs",
		);
		output("SnapshotFunctionAliasArn", snapshot.alias.functionArn, "Durable executions start here");
		output("ScheduleGroupName", schedules.group.scheduleGroupName, "EventBridge Scheduler's group of the schedules");
		output("SecretArn", secret.secretArn, "Holds the Atlas keys; fill it after the first deploy");
		output(
			"FreshnessFunctionName",
			freshness.function.function.functionName,
			"Checks whether a snapshot would succeed: doctor",
		);
		output("TriggerFunctionName", trigger.function.functionName, "Accepts a redriven event");
		output("UndeliveredQueueUrl", undelivered.queueUrl, "Firings and events that did not reach the trigger function");
		output(
			"NotStartedQueueUrl",
			trigger.deadLetters.queueUrl,
			"Events from which the trigger function could start no run",
		);
		output("FailedRunQueueUrl", snapshot.deadLetters.queueUrl, "Runs that failed or never began");
		if (webhookSecret) output("WebhookSecretArn", webhookSecret.secretArn, "Holds the keys of signed hooks");
		if (network) output("EgressIps", network.addresses.join(","), "For the access list of the Atlas keys");
	}

	private secret({ secretArn, rotation }: Settings, key: IKey | undefined): AtlasSnapshotsProps["secret"] {
		if (secretArn !== undefined) return secretOf(this, "GivenSecret", secretArn, key);
		if (rotation === undefined) return undefined;
		return {
			adminSecret: secretOf(this, "AdminSecret", rotation.adminSecretArn),
			every: Duration.days(rotation.everyDays),
		};
	}

	private eventRule({ name, pattern, expression, busArn }: Settings["eventRules"][number]): EventRuleProps {
		if (expression !== undefined) return { name, expression };
		const bus = whenSet(busArn, (arn) => EventBus.fromEventBusArn(this, `BusOf${name}`, arn));
		return { name, pattern: toPattern(pattern ?? {}), bus };
	}

	private http(http: Exclude<Settings["http"], false>, key: IKey | undefined): HttpProps {
		const { signedHook, hookSecretArn, ratePerSecond, burst, accessLog } = http;
		return {
			signedHook:
				signedHook && hookSecretArn !== undefined ? secretOf(this, "GivenHookKeys", hookSecretArn, key) : signedHook,
			throttle: { ratePerSecond, burst },
			accessLog,
		};
	}
}

/** @param arn with or without the six characters at its end; `allowReading` grants both */
const secretOf = (scope: Construct, id: string, arn: string, key?: IKey): ISecret =>
	Secret.fromSecretAttributes(scope, id, { secretPartialArn: arn, encryptionKey: key });

const toSchedule = (schedule: Settings["schedules"][number]): ScheduleProps => ({
	...schedule,
	expectedEvery: whenSet(schedule.expectedEveryMinutes, minutes),
	flexibleWindow: whenSet(schedule.flexibleWindowMinutes, minutes),
	grace: whenSet(schedule.graceMinutes, minutes),
});

/** EventBridge's own spelling → CDK's. */
function toPattern({ "detail-type": detailType, ...pattern }: Readonly<Record<string, unknown>>): EventPattern {
	return { ...pattern, detailType: detailType as string[] | undefined };
}

const minutes = (count: number): Duration => Duration.minutes(count);

const whenSet = <T, R>(value: T | undefined, convert: (value: T) => R): R | undefined =>
	value === undefined ? undefined : convert(value);
