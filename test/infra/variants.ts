import { nightly, PROJECT } from "./synthesize.ts";

export const ACCOUNT = "111122223333";
export const REGION = "eu-central-1";

const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
const named = (count: number) => ({
	schedules: [{ ...nightly, request: { projectId: PROJECT, clusters: clusters(count) } }],
});
const clusters = (count: number) => Array.from({ length: count }, (_, index) => `c-${index}`);
const key = (digit: string) => arn("kms", `key/${digit.repeat(8)}-1111-2222-3333-444455556666`);
const tagged = { projectId: PROJECT, clusters: { tags: { backup: "daily" } } };
const full = {
	...nightly,
	request: { ...nightly.request, description: "night <aws.scheduler.execution-id>", onConflict: "wait" },
};

/** Settings of every kind of stack there is: each is held against all of AWS's rules. */
export const VARIANTS: Readonly<Record<string, object>> = {
	"as small as it gets": { http: false },
	"by default": {},
	"with a schedule and a mail address": { schedules: [nightly], alarmEmail: "night@acme.test" },
	"with a signed hook": { schedules: [nightly], http: { signedHook: true, ratePerSecond: 1, burst: 1 } },
	"with a signed hook and its keys given": {
		http: { signedHook: true, hookSecretArn: arn("secretsmanager", "secret:hooks-AbCdEf"), accessLog: false },
		hookSecretKeyArn: key("a"),
	},
	"in a network": { schedules: [nightly], vpc: { natGateways: 2 } },
	"in a network, deleted with the stack": { vpc: {}, removalPolicy: "destroy" },
	"with rotation": { rotation: { adminSecretArn: arn("secretsmanager", "secret:admin-AbCdEf"), everyDays: 7 } },
	"with rotation under one's own key": {
		rotation: { adminSecretArn: arn("secretsmanager", "secret:admin") },
		secretKeyArn: key("b"),
	},
	"with a secret by its complete ARN": { secretArn: arn("secretsmanager", "secret:atlas-keys-AbCdEf") },
	"with a secret whose name looks complete": {
		secretArn: arn("secretsmanager", "secret:atlas-secret"),
		secretKeyArn: key("c"),
	},
	"with a secret by a partial ARN": { secretArn: arn("secretsmanager", "secret:team/atlas") },
	"with new secrets under one's own keys": {
		http: { signedHook: true },
		secretKeyArn: key("d"),
		hookSecretKeyArn: key("e"),
	},
	"with bus and topic given": {
		schedules: [nightly],
		busArn: arn("events", "event-bus/acme/backups"),
		alarmTopicArn: arn("sns", "night-watch"),
	},
	"on the default bus": { busArn: arn("events", "event-bus/default") },
	"with event rules": {
		defaultRequest: tagged,
		eventRules: [
			{ name: "weekly", expression: "rate(7 days)" },
			{ name: "first-of-month", expression: "cron(0 3 1 * ? *)" },
			{ name: "release", pattern: { source: ["acme"], "detail-type": ["Wanted"] } },
			{
				name: "bigger",
				pattern: { $or: [{ source: [{ prefix: "acme." }] }, { detail: { size: [{ numeric: [">", 5] }] } }] },
				busArn: arn("events", "event-bus/releases"),
			},
		],
	},
	"with selections": {
		schedules: [
			{ ...nightly, name: "everything", request: { clusters: "all" } },
			{ ...nightly, name: "tagged", request: tagged },
			{ ...full, name: "named-as-well" },
		],
	},
	"with reserved concurrency, and as large as functions get": {
		reservedConcurrency: 20,
		memoryMegabytes: 10_240,
		logRetentionDays: 3653,
	},
	"with another Atlas and a runbook": {
		schedules: [nightly],
		atlasBaseUrl: "https://cloud.mongodbgov.com",
		runbookUrl: `https://acme.test/${"r".repeat(200)}`,
	},
	"deleted with the stack": { schedules: [nightly], removalPolicy: "destroy" },
	"with fifty clusters": named(50),
	"with 120 clusters": named(120),
	"with 450 clusters": named(450),
	"with 300 alarms for 300 clusters": { ...named(300), perClusterAlarms: true },
	"without alarms about clusters": { ...named(3), perClusterAlarms: false },
	"with names that the CDK uses itself": {
		schedules: ["Group", "Role", "Resource", "Default"].map((name) => ({ ...nightly, name })),
		eventRules: ["Default", "Resource"].map((name) => ({ name, pattern: { source: ["acme"] } })),
	},
	"by a long name": { stackName: `s${"-long".repeat(20)}`, schedules: [nightly], http: { signedHook: true } },
};
