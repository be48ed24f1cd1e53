/** What a person should know of a setting; rules and defaults are the schema's where it can tell them. */
interface Meaning {
	readonly meaning: string;
	readonly example: unknown;
	/** In addition to what the schema says. */
	readonly rule?: string;
	/** In words, where there is no default value. */
	readonly fallback?: string;
}

const ACCOUNT = "eu-central-1:111122223333";
const REQUEST = { projectId: "32b6e34b3d91647abb20e7b8", clusters: ["prod-a"], retentionInDays: 7 };
const REQUEST_RULE = "a snapshot request, as the README describes it";
const OWN = "of the account and region that is deployed to";

/** By the path that `settings` gives. */
export const SETTINGS: Readonly<Record<string, Meaning>> = {
	stackName: {
		meaning: "Name of the stack, and dimension of its metrics. Two stacks in one account and region need two",
		fallback: "`AtlasSnapshots`",
		example: "atlas-staging",
	},
	secretArn: {
		meaning: "A secret of yours that holds the Atlas keys",
		rule: OWN,
		fallback: "a new secret with a placeholder, to be filled after the first deploy",
		example: `arn:aws:secretsmanager:${ACCOUNT}:secret:atlas-keys`,
	},
	secretKeyArn: {
		meaning: "The KMS key under which the Atlas secret is encrypted, if it is one of yours",
		fallback: "AWS's own key",
		example: `arn:aws:kms:${ACCOUNT}:key/12345678-1234-1234-1234-123456789abc`,
	},
	hookSecretKeyArn: {
		meaning: "The same of the secret with the hooks' keys",
		rule: "only with `http.signedHook`; not the Atlas secret's",
		fallback: "AWS's own key",
		example: `arn:aws:kms:${ACCOUNT}:key/87654321-1234-1234-1234-123456789abc`,
	},
	rotation: {
		meaning: "Has AWS rotate the new Atlas secret (`MongoDBAtlasServiceAccount`)",
		rule: "not beside `secretArn`",
		fallback: "none",
		example: { adminSecretArn: `arn:aws:secretsmanager:${ACCOUNT}:secret:atlas-admin` },
	},
	"rotation.adminSecretArn": {
		meaning: "Holds the service account that may renew the other one's secret",
		rule: OWN,
		example: `arn:aws:secretsmanager:${ACCOUNT}:secret:atlas-admin`,
	},
	"rotation.everyDays": { meaning: "Days from one rotation to the next", example: 30 },
	schedules: {
		meaning:
			"EventBridge Scheduler: when snapshots are taken. Their clusters are watched for fresh snapshots every 15 minutes",
		example: [{ name: "nightly", expression: "cron(0 4 * * ? *)", timeZone: "Europe/Berlin", request: REQUEST }],
	},
	"schedules[].name": { meaning: "Name of the schedule", rule: "once, in whatever case", example: "nightly" },
	"schedules[].expression": {
		meaning: "When it fires: `cron(minutes hours day-of-month month day-of-week year)` or `rate(value unit)`",
		rule: "must fire at least twice",
		example: "cron(0 4 * * ? *)",
	},
	"schedules[].timeZone": { meaning: "IANA time zone of the expression", example: "Europe/Berlin" },
	"schedules[].flexibleWindowMinutes": {
		meaning: "Minutes by which a firing may come later than the expression says",
		fallback: "on time",
		example: 15,
	},
	"schedules[].expectedEveryMinutes": {
		meaning: "Minutes from one snapshot to the next; an older one, and the grace, raises an alarm",
		rule: "see below",
		fallback: "the longest time between two firings",
		example: 1500,
	},
	"schedules[].graceMinutes": {
		meaning: "Minutes that a late start and the snapshot itself may take",
		fallback: "flexible window + `deadlineMinutes` of the request + 15",
		example: 120,
	},
	"schedules[].request": { meaning: "What is carried out", rule: REQUEST_RULE, example: REQUEST },
	eventRules: {
		meaning: "EventBridge rules: an event's `detail` is the request, or an expression carries out `defaultRequest`",
		example: [{ name: "before-release", pattern: { source: ["acme.releases"] } }],
	},
	"eventRules[].name": { meaning: "Name of the rule", rule: "once, in whatever case", example: "before-release" },
	"eventRules[].pattern": {
		meaning: "Which events: an EventBridge event pattern",
		rule: "one of `pattern` and `expression`",
		fallback: "",
		example: { source: ["acme.releases"] },
	},
	"eventRules[].expression": {
		meaning: "When the rule fires, in UTC; these clusters are not watched for fresh snapshots",
		rule: "`rate(…)` or `cron(…)`, needs `defaultRequest`",
		fallback: "",
		example: "rate(1 day)",
	},
	"eventRules[].busArn": {
		meaning: "The bus that the rule listens on",
		rule: "only with `pattern`",
		fallback: "the account's default bus",
		example: `arn:aws:events:${ACCOUNT}:event-bus/releases`,
	},
	defaultRequest: {
		meaning: "What an event rule with an expression carries out",
		rule: REQUEST_RULE,
		fallback: "none",
		example: REQUEST,
	},
	limits: {
		meaning: "What hooks, HTTP callers and events may ask for; schedules have no limits",
		rule: "an object with `hook`, `http`, `event`, as `docs/http.md` describes it",
		fallback: "hook: 35 days, 20 clusters, no selections; http and event: 400 days, 200 clusters, selections",
		example: { hook: { projectIds: [REQUEST.projectId], clusters: ["prod-*"], maxRetentionInDays: 14 } },
	},
	http: { meaning: "The HTTP API; `false` for none", example: { signedHook: true } },
	"http.signedHook": {
		meaning: "Opens `POST /hooks/snapshots` to callers who sign as Standard Webhooks has it",
		example: true,
	},
	"http.hookSecretArn": {
		meaning: "A secret of yours that holds the hooks' keys",
		rule: "only with `signedHook`",
		fallback: "a new secret",
		example: `arn:aws:secretsmanager:${ACCOUNT}:secret:hook-keys`,
	},
	"http.ratePerSecond": { meaning: "Requests a second, over all callers", example: 5 },
	"http.burst": { meaning: "Requests at once, over all callers", example: 10 },
	"http.accessLog": { meaning: "A line of log a request, without headers and bodies", example: false },
	busArn: {
		meaning: "The bus that outcomes are published on",
		rule: OWN,
		fallback: "a new bus",
		example: `arn:aws:events:${ACCOUNT}:event-bus/backups`,
	},
	alarmTopicArn: {
		meaning: "A topic of yours that is told of alarms and of targets that are late or did not complete",
		rule: `${OWN}; see below`,
		fallback: "a new topic",
		example: `arn:aws:sns:${ACCOUNT}:alarms`,
	},
	alarmEmail: {
		meaning:
			"Subscribed to the new topic; it must confirm once. Without it and `alarmTopicArn` nobody is told, and synth warns",
		rule: "not beside `alarmTopicArn`",
		fallback: "nobody",
		example: "on-call@example.com",
	},
	logRetentionDays: { meaning: "Days that logs are kept", example: 90 },
	vpc: {
		meaning:
			"Puts the functions that call Atlas into a new VPC with fixed addresses (output `EgressIps`); `false` for none",
		example: { natGateways: 1 },
	},
	"vpc.natGateways": { meaning: "NAT gateways, each in an availability zone of its own", example: 2 },
	atlasBaseUrl: {
		meaning: "Where Atlas is",
		fallback: "`https://cloud.mongodb.com`",
		example: "https://cloud.mongodbgov.com",
	},
	memoryMegabytes: { meaning: "Megabytes of each function; processor time grows with it", example: 1024 },
	reservedConcurrency: {
		meaning: "Executions at once of the durable function, set aside for it",
		fallback: "unreserved",
		example: 20,
	},
	removalPolicy: { meaning: "What becomes of secrets, queues and logs when the stack is deleted", example: "destroy" },
	perClusterAlarms: {
		meaning:
			"Named clusters up to which each has an alarm and a metric of its own; beyond, one alarm speaks for all. `true` for 300, `false` for none",
		fallback: "50",
		example: 100,
	},
	runbookUrl: {
		meaning: "The page that mails link to, by section (`#a-run-failed`)",
		fallback: "`docs/runbook.md` in the `repository` of `package.json`",
		example: "https://wiki.example.com/atlas-snapshots",
	},
	heartbeatUrl: {
		meaning:
			"Pinged (GET) after each look at the watched clusters where all are fresh, with `/fail` behind its path where not. Healthchecks, Cronitor, Better Stack and the like then notice from outside that account, schedule or function is dead: let them expect a ping every 15 minutes and wait 20 more. It holds a token, which stands in the template and in the freshness function's environment",
		fallback: "none",
		example: "https://hc-ping.com/11111111-2222-3333-4444-555555555555",
	},
};
