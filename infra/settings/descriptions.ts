/** A setting as `docs/settings.md` describes it, in addition to the rules and defaults of the schema. */
interface SettingDescription {
	readonly description: string;
	readonly example: unknown;
	readonly rule?: string;
	/** The default in words, where there is no value. */
	readonly fallback?: string;
}

const ACCOUNT = "eu-central-1:111122223333";
const ADMIN_SECRET = `arn:aws:secretsmanager:${ACCOUNT}:secret:atlas-admin`;
const REQUEST = { projectId: "32b6e34b3d91647abb20e7b8", clusters: ["prod-a"], retentionInDays: 7 };
const REQUEST_RULE = "a snapshot request, as the README describes it";
const OWN = "of the account and region that is deployed to";

/** By the path of the setting. */
export const SETTING_DESCRIPTIONS: Readonly<Record<string, SettingDescription>> = {
	stackName: {
		description: "Name of the stack, and dimension of its metrics. Two stacks in one account and region need two",
		fallback: "`AtlasSnapshots`",
		example: "atlas-staging",
	},
	secretArn: {
		description: "A secret of yours that holds the Atlas keys",
		rule: OWN,
		fallback: "a new secret with a placeholder, to be filled after the first deploy",
		example: `arn:aws:secretsmanager:${ACCOUNT}:secret:atlas-keys`,
	},
	secretKeyArn: {
		description: "The KMS key under which the Atlas secret is encrypted, if it is one of yours",
		fallback: "AWS's own key",
		example: `arn:aws:kms:${ACCOUNT}:key/12345678-1234-1234-1234-123456789abc`,
	},
	hookSecretKeyArn: {
		description: "The same of the secret with the hooks' keys",
		rule: "only with `http.signedHook`; not the Atlas secret's",
		fallback: "AWS's own key",
		example: `arn:aws:kms:${ACCOUNT}:key/87654321-1234-1234-1234-123456789abc`,
	},
	rotation: {
		description: "Has AWS rotate the new Atlas secret (`MongoDBAtlasServiceAccount`)",
		rule: "not beside `secretArn`",
		fallback: "none",
		example: { adminSecretArn: ADMIN_SECRET },
	},
	"rotation.adminSecretArn": {
		description: "Holds the service account that may renew the other one's secret",
		rule: OWN,
		example: ADMIN_SECRET,
	},
	"rotation.everyDays": { description: "Days from one rotation to the next", example: 30 },
	schedules: {
		description: "When snapshots are taken; every 15 minutes the clusters are checked for fresh ones",
		example: [{ name: "nightly", expression: "cron(0 4 * * ? *)", timeZone: "Europe/Berlin", request: REQUEST }],
	},
	"schedules[].name": { description: "Name of the schedule", rule: "once, in whatever case", example: "nightly" },
	"schedules[].expression": {
		description: "When it fires: `cron(minutes hours day-of-month month day-of-week year)` or `rate(value unit)`",
		rule: "must fire at least twice",
		example: "cron(0 4 * * ? *)",
	},
	"schedules[].timeZone": { description: "IANA time zone of the expression", example: "Europe/Berlin" },
	"schedules[].flexibleWindowMinutes": {
		description: "Minutes a firing may be late",
		fallback: "on time",
		example: 15,
	},
	"schedules[].expectedEveryMinutes": {
		description: "Minutes from one snapshot to the next; an older one, and the grace, raises an alarm",
		rule: "see below",
		fallback: "the longest time between two firings",
		example: 1500,
	},
	"schedules[].graceMinutes": {
		description: "Minutes that a late start and the snapshot itself may take",
		fallback: "flexible window + `deadlineMinutes` of the request + 15",
		example: 120,
	},
	"schedules[].request": { description: "What is carried out", rule: REQUEST_RULE, example: REQUEST },
	eventRules: {
		description: "EventBridge rules: an event's `detail` is the request, or an expression carries out `defaultRequest`",
		example: [{ name: "before-release", pattern: { source: ["acme.releases"] } }],
	},
	"eventRules[].name": { description: "Name of the rule", rule: "once, in whatever case", example: "before-release" },
	"eventRules[].pattern": {
		description: "Which events: an EventBridge event pattern",
		rule: "one of `pattern` and `expression`",
		fallback: "",
		example: { source: ["acme.releases"] },
	},
	"eventRules[].expression": {
		description: "When the rule fires, in UTC; these clusters are not watched for fresh snapshots",
		rule: "`rate(…)` or `cron(…)`, needs `defaultRequest`",
		fallback: "",
		example: "rate(1 day)",
	},
	"eventRules[].busArn": {
		description: "The bus that the rule listens on",
		rule: "only with `pattern`",
		fallback: "the account's default bus",
		example: `arn:aws:events:${ACCOUNT}:event-bus/releases`,
	},
	defaultRequest: {
		description: "What an event rule with an expression carries out",
		rule: REQUEST_RULE,
		fallback: "none",
		example: REQUEST,
	},
	limits: {
		description: "What hooks, HTTP callers and events may ask for; schedules have no limits",
		rule: "an object with `hook`, `http`, `event`, as `docs/http.md` describes it",
		fallback: "hook: 35 days, 20 clusters, no selections; http and event: 400 days, 200 clusters, selections",
		example: { hook: { projectIds: [REQUEST.projectId], clusters: ["prod-*"], maxRetentionInDays: 14 } },
	},
	http: { description: "The HTTP API; `false` for none", example: { signedHook: true } },
	"http.signedHook": {
		description: "Opens `POST /hooks/snapshots` to callers who sign by Standard Webhooks",
		example: true,
	},
	"http.hookSecretArn": {
		description: "A secret of yours that holds the hooks' keys",
		rule: "only with `signedHook`",
		fallback: "a new secret",
		example: `arn:aws:secretsmanager:${ACCOUNT}:secret:hook-keys`,
	},
	"http.ratePerSecond": { description: "Requests a second, over all callers", example: 5 },
	"http.burst": { description: "Requests at once, over all callers", example: 10 },
	"http.accessLog": { description: "A line of log a request, without headers and bodies", example: false },
	busArn: {
		description: "The bus that outcomes are published on",
		rule: OWN,
		fallback: "a new bus",
		example: `arn:aws:events:${ACCOUNT}:event-bus/backups`,
	},
	alarmTopicArn: {
		description: "A topic of yours for alarms and for targets that are late or did not complete",
		rule: `${OWN}; see below`,
		fallback: "a new topic",
		example: `arn:aws:sns:${ACCOUNT}:alarms`,
	},
	alarmEmail: {
		description: "Subscribed to the new topic, once it has confirmed. Without it and `alarmTopicArn` synth warns",
		rule: "not beside `alarmTopicArn`",
		fallback: "nobody",
		example: "on-call@example.com",
	},
	logRetentionDays: { description: "Days that logs are kept", example: 90 },
	vpc: {
		description: "A new VPC with fixed addresses (output `EgressIps`) for calls of Atlas; `false` for none",
		example: { natGateways: 1 },
	},
	"vpc.natGateways": { description: "NAT gateways, each in an availability zone of its own", example: 2 },
	atlasBaseUrl: {
		description: "Base URL of the Atlas Administration API",
		fallback: "`https://cloud.mongodb.com`",
		example: "https://cloud.mongodbgov.com",
	},
	memoryMegabytes: { description: "Megabytes of each function; processor time grows with it", example: 1024 },
	reservedConcurrency: {
		description: "Executions at a time of the durable function that AWS reserves for it",
		fallback: "unreserved",
		example: 20,
	},
	removalPolicy: {
		description: "What becomes of secrets, queues and logs when the stack is deleted",
		example: "destroy",
	},
	perClusterAlarms: {
		description: "Up to so many named clusters have an alarm each; beyond, one covers all. `true`: 300, `false`: 0",
		fallback: "50",
		example: 100,
	},
	runbookUrl: {
		description: "The page that mails link to, by section (`#a-run-failed`)",
		fallback: "`docs/runbook.md` in the `repository` of `package.json`",
		example: "https://wiki.example.com/atlas-snapshots",
	},
	heartbeatUrl: {
		description:
			"Requested (GET) after each check that found all watched clusters fresh, with `/fail` appended to its path where not. Healthchecks, Cronitor, Better Stack and the like then report from outside that account, schedule or function do not work: let them expect a request every 15 minutes and wait 20 more. It holds a token, which is in the template and in the freshness function's environment",
		fallback: "none",
		example: "https://hc-ping.com/11111111-2222-3333-4444-555555555555",
	},
};
