import { CfnOutput, Duration, RemovalPolicy, Stack, Tags } from "aws-cdk-lib";
import { EventBus, type EventPattern } from "aws-cdk-lib/aws-events";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { AtlasSnapshots, KEPT } from "./constructs/atlas-snapshots.ts";
import { EgressVpc } from "./constructs/egress-vpc.ts";
import type { AtlasSnapshotsProps, Bundles, EventRuleProps, HttpProps, ScheduleProps } from "./constructs/props.ts";
import type { Settings } from "./settings/settings.ts";

/** The construct on its own, configured by `cdk.json`. Its outputs' names are promises to whoever reads them. */
export class AtlasSnapshotsStack extends Stack {
	readonly snapshots: AtlasSnapshots;

	constructor(scope: Construct, id: string, bundles: Bundles, settings: Settings) {
		super(scope, id, {
			stackName: settings.stackName ?? id,
			description: "Takes MongoDB Atlas on-demand snapshots and publishes what became of them",
		});
		const removalPolicy = settings.removalPolicy === "destroy" ? RemovalPolicy.DESTROY : KEPT;
		const secretKey = settings.secretKeyArn && Key.fromKeyArn(this, "SecretKey", settings.secretKeyArn);
		const hookSecretKey = settings.hookSecretKeyArn && Key.fromKeyArn(this, "HookSecretKey", settings.hookSecretKeyArn);
		const network = settings.vpc
			? new EgressVpc(this, "Network", { ...settings.vpc, logRetention: settings.logRetentionDays, removalPolicy })
			: undefined;
		this.snapshots = new AtlasSnapshots(this, "AtlasSnapshots", {
			bundles,
			...given({
				secret: this.secret(settings, secretKey || undefined),
				secretKey,
				hookSecretKey,
				atlasBaseUrl: settings.atlasBaseUrl,
				bus: settings.busArn && EventBus.fromEventBusArn(this, "GivenBus", settings.busArn),
				alarmTopic: settings.alarmTopicArn && Topic.fromTopicArn(this, "GivenTopic", settings.alarmTopicArn),
				alarmEmail: settings.alarmEmail,
				vpc: network?.vpc,
				reservedConcurrency: settings.reservedConcurrency,
				runbookUrl: settings.runbookUrl,
				heartbeatUrl: settings.heartbeatUrl,
				perClusterAlarms: settings.perClusterAlarms,
				defaultRequest: settings.defaultRequest,
				limits: settings.limits,
			}),
			schedules: settings.schedules.map(toSchedule),
			eventRules: settings.eventRules.map((rule) => this.eventRule(rule)),
			http: settings.http && this.http(settings.http, hookSecretKey || undefined),
			logRetention: settings.logRetentionDays,
			memory: settings.memoryMegabytes,
			removalPolicy,
		});
		Tags.of(this).add("app", "atlas-snapshots");
		this.tell(network);
	}

	private tell(network: EgressVpc | undefined): void {
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
		output("AlarmTopicArn", alarmTopic.topicArn, "Alarms and failed targets are told here");
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
			"Says whether a snapshot would succeed: doctor",
		);
		output("TriggerFunctionName", trigger.function.functionName, "Takes a redriven event");
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
		const bus = busArn === undefined ? {} : { bus: EventBus.fromEventBusArn(this, `BusOf${name}`, busArn) };
		return { name, pattern: toPattern(pattern ?? {}), ...bus };
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
	name: schedule.name,
	expression: schedule.expression,
	timeZone: schedule.timeZone,
	request: schedule.request,
	...given({
		expectedEvery: minutes(schedule.expectedEveryMinutes),
		flexibleWindow: minutes(schedule.flexibleWindowMinutes),
		grace: minutes(schedule.graceMinutes),
	}),
});

const minutes = (count: number | undefined): Duration | undefined =>
	count === undefined ? undefined : Duration.minutes(count);

/** EventBridge's own spelling → CDK's. */
function toPattern({ "detail-type": detailType, ...pattern }: Readonly<Record<string, unknown>>): EventPattern {
	return { ...pattern, ...(detailType === undefined ? {} : { detailType: detailType as string[] }) };
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined | ""> };

/** Without what is not set: where a property is left out, the construct's default stands. */
const given = <T extends object>(props: T): Given<T> =>
	Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined)) as Given<T>;
