import fc from "fast-check";
import { expect, test } from "vitest";
import { readSettings } from "../../infra/settings/settings.ts";
import { warningsOf } from "../../infra/settings/warnings.ts";
import { InputError } from "../../lambda/domain/errors.ts";

const projectId = "32b6e34b3d91647abb20e7b8";
const request = { projectId, clusters: ["a"] };
const schedule = { name: "nightly", expression: "rate(1 day)", request };
const to = { account: "111122223333", region: "eu-central-1" };
const arn = (service: string, resource: string, { account, region } = to) =>
	`arn:aws:${service}:${region}:${account}:${resource}`;
const abroad = { ...to, region: "us-east-1" };
const others = { ...to, account: "999988887777" };
/** How the CDK and CloudFormation begin a reference in a text. */
const REFERENCE = `$${"{"}`;
const KEY = "key/12345678-1234-1234-1234-123456789abc";
const named = (clusters: readonly string[]) => ({ schedules: [{ ...schedule, request: { projectId, clusters } }] });
const ruled = (pattern: unknown) => ({ eventRules: [{ name: "release", pattern }] });
const scheduled = (change: object) => ({ schedules: [{ ...schedule, ...change }] });

/**
 * A wrong setting, and a line that is said of it: it begins with the field's name. Everything else is told by the line
 * alone, so a row is an example of what an operator gets wrong.
 */
type Row = readonly [settings: object, line: string];

const REFUSED: readonly Row[] = [
	[{ stackName: "" }, "stackName must be 1 to 128 letters"],
	[{ stackName: "my_stack" }, "stackName must be 1 to 128 letters"],
	[{ stackName: "1st" }, "stackName must be 1 to 128 letters"],
	[{ stackName: "s".repeat(129) }, "stackName must be 1 to 128 letters"],
	[{ stackName: 7 }, "stackName must be a string"],
	[{ order: request }, "order is not known"],
	[{ schedule: [schedule] }, "schedule is not known"],
	[{ secretArn: "atlas-keys" }, "secretArn must be an ARN of secretsmanager"],
	[{ secretArn: arn("s3", "bucket") }, "secretArn must be an ARN of secretsmanager"],
	[{ secretArn: "arn:aws:secretsmanager:eu-central-1" }, "secretArn must be the whole ARN of a secret"],
	[{ secretArn: "arn:aws:secretsmanager:eu-central-1:111122223333" }, "secretArn must be the whole ARN of a secret"],
	[{ secretArn: arn("secretsmanager", "secret:") }, "secretArn must be the whole ARN of a secret"],
	[{ secretArn: arn("secretsmanager", "atlas") }, "secretArn must be the whole ARN of a secret"],
	[{ secretArn: arn("secretsmanager", "secret:atlas-*") }, "secretArn must be the whole ARN of a secret"],
	[{ secretArn: arn("secretsmanager", "secret:atlas", others) }, "secretArn must be of the account"],
	[{ secretArn: arn("secretsmanager", "secret:atlas", abroad) }, "secretArn must be of the region"],
	[{ secretArn: null }, "secretArn must be a string"],
	[{ secretKeyArn: arn("kms", "alias/atlas") }, "secretKeyArn must be the whole ARN of a key of KMS, not an alias"],
	[{ secretKeyArn: "12345678-1234-1234-1234-123456789abc" }, "secretKeyArn must be an ARN of kms"],
	[{ secretKeyArn: arn("kms", KEY, abroad) }, "secretKeyArn must be of the region"],
	[{ hookSecretKeyArn: arn("kms", KEY) }, "hookSecretKeyArn must be left out without signedHook"],
	[
		{ http: { signedHook: true }, secretKeyArn: arn("kms", KEY), hookSecretKeyArn: arn("kms", KEY) },
		"hookSecretKeyArn must not be the key of the Atlas secret",
	],
	[{ rotation: {} }, "rotation.adminSecretArn is missing"],
	[{ rotation: true }, "rotation must be a JSON object"],
	[{ rotation: { adminSecretArn: arn("secretsmanager", "secret:a"), everyDays: 0 } }, "rotation.everyDays must be 1"],
	[
		{ rotation: { adminSecretArn: arn("secretsmanager", "secret:a", others) } },
		"rotation.adminSecretArn must be of the account",
	],
	[
		{ rotation: { adminSecretArn: arn("secretsmanager", "secret:a") }, secretArn: arn("secretsmanager", "secret:b") },
		"rotation must be left out beside secretArn",
	],
	[{ busArn: "default" }, "busArn must be an ARN of events"],
	[{ busArn: arn("events", "rule/default") }, "busArn must be the whole ARN of an event bus"],
	[{ busArn: "arn:aws:events:eu-central-1:111122223333:event-bus" }, "busArn must be the whole ARN of an event bus"],
	[{ busArn: arn("events", "event-bus/b", others) }, "busArn must be of the account that is deployed to"],
	[{ busArn: arn("events", "event-bus/b", abroad) }, "busArn must be of the region that is deployed to"],
	[{ busArn: arn("events", "event-bus/aws.partner/acme.test/1") }, "busArn must not be a partner's bus"],
	[{ alarmTopicArn: arn("sns", "topic:2f8c3a10-0000-11f0-8000-0a0b0c0d0e0f") }, "alarmTopicArn must be the whole ARN"],
	[{ alarmTopicArn: arn("sns", "alarms.fifo") }, "alarmTopicArn must be the whole ARN of a standard topic"],
	[{ alarmTopicArn: arn("sqs", "alarms") }, "alarmTopicArn must be an ARN of sns"],
	[{ alarmTopicArn: arn("sns", "alarms", others) }, "alarmTopicArn must be of the account that is deployed to"],
	[{ alarmTopicArn: arn("sns", "alarms", abroad) }, "alarmTopicArn must be of the region that is deployed to"],
	[
		{ alarmTopicArn: "arn:aws-cn:sns:eu-central-1:111122223333:a", busArn: arn("events", "event-bus/b") },
		"alarmTopicArn must be of the partition of busArn",
	],
	[{ alarmEmail: "nobody" }, "alarmEmail must be an e-mail address"],
	[{ alarmEmail: "a@b.test", alarmTopicArn: arn("sns", "a") }, "alarmEmail must be left out beside alarmTopicArn"],
	[{ schedules: {} }, "schedules must be a list"],
	[{ schedules: ["nightly"] }, "schedules.0 must be a JSON object"],
	[scheduled({ name: "every night" }), "schedules.0.name must be 1 to 40 letters"],
	[{ schedules: [schedule, { ...schedule, name: "NIGHTLY" }] }, "schedules.1.name must not occur twice"],
	[scheduled({ expression: "0 2 * * *" }), "schedules.0.expression must be rate("],
	[scheduled({ expression: "cron(0 2 * * * *)" }), "schedules.0.expression must have ? as exactly one"],
	[scheduled({ expression: "rate(1 days)" }), "schedules.0.expression must say one unit"],
	[scheduled({ timeZone: "Europe/Atlantis" }), "schedules.0.timeZone must be an IANA time zone"],
	[scheduled({ flexibleWindowMinutes: 0 }), "schedules.0.flexibleWindowMinutes must be 1 or more"],
	[scheduled({ graceMinutes: "60" }), "schedules.0.graceMinutes must be a whole number"],
	[scheduled({ request: undefined }), "schedules.0.request must be a JSON object"],
	[scheduled({ request: { clusters: ["a"] } }), "schedules.0.request.projectId"],
	[scheduled({ request: { ...request, retentionDays: 3 } }), "schedules.0.request.retentionDays is not known"],
	[named([]), "schedules.0.request.clusters must name at least one cluster"],
	[named(["-a"]), "schedules.0.request.clusters.0 must be a cluster name"],
	[ruled({}), "eventRules.0.pattern must have a field"],
	[ruled("acme"), "eventRules.0.pattern must be an EventBridge event pattern"],
	[ruled([{ source: ["acme"] }]), "eventRules.0.pattern must be an EventBridge event pattern"],
	[ruled({ source: "acme" }), "eventRules.0.pattern.source must be a list"],
	[ruled({ source: [] }), "eventRules.0.pattern.source must have a value"],
	[ruled({ detailType: ["Wanted"] }), "eventRules.0.pattern.detailType is no field of an event"],
	[ruled({ "detail-type": "Wanted" }), "eventRules.0.pattern.detail-type must be a list"],
	[ruled({ detail: {} }), "eventRules.0.pattern.detail must have a field"],
	[ruled({ detail: { size: [{ above: 5 }] } }), "eventRules.0.pattern.detail.size.0 must be a text"],
	[ruled({ detail: { size: [{ toString: 5 }] } }), "eventRules.0.pattern.detail.size.0 must be a text"],
	[ruled({ detail: { size: [{ numeric: [">", "5"] }] } }), "eventRules.0.pattern.detail.size.0 must be a text"],
	[ruled({ $or: [{ source: ["a"] }] }), "eventRules.0.pattern.$or must be a list of two patterns"],
	[ruled({ source: ["a".repeat(2100)] }), "eventRules.0.pattern must not be longer than 2048 characters"],
	[{ eventRules: [{ name: "r" }] }, "eventRules.0 must have one of pattern and expression"],
	[{ eventRules: [{ name: "r", expression: "rate(1 day)" }] }, "defaultRequest is missing"],
	[
		{ eventRules: [{ name: "r", pattern: { source: ["a"] }, busArn: arn("events", "event-bus/b", others) }] },
		"eventRules.0.busArn must be of the account",
	],
	[
		{
			defaultRequest: request,
			eventRules: [{ name: "r", expression: "rate(1 day)", busArn: arn("events", "event-bus/b") }],
		},
		"eventRules.0.busArn must be left out beside expression",
	],
	[
		scheduled({ request: { ...request, description: `${REFERENCE}Token[TOKEN.1]}` } }),
		"schedules.0.request.description must not",
	],
	[{ runbookUrl: `https://acme.test/${REFERENCE}Token[TOKEN.5]}` }, `runbookUrl must not hold ${REFERENCE}`],
	[{ defaultRequest: { clusters: "some" } }, "defaultRequest.clusters must be a list"],
	[{ runbookUrl: `https://acme.test/${REFERENCE}AWS::Region}` }, `runbookUrl must not hold ${REFERENCE}`],
	[{ http: true }, "http must be false or a JSON object"],
	[{ http: [] }, "http must be false or a JSON object"],
	[{ vpc: [] }, "vpc must be false or a JSON object"],
	[{ http: { burst: 0 } }, "http.burst must be 1 or more"],
	[{ http: { signedHook: "yes" } }, "http.signedHook must be true or false"],
	[{ http: { hookSecretArn: arn("secretsmanager", "secret:h") } }, "http.hookSecretArn must be left out"],
	[
		{ http: { signedHook: true, hookSecretArn: arn("secretsmanager", "secret:h", abroad) } },
		"http.hookSecretArn must be of the region",
	],
	[
		{
			secretArn: arn("secretsmanager", "secret:atlas-AbCdEf"),
			http: { signedHook: true, hookSecretArn: arn("secretsmanager", "secret:atlas") },
		},
		"http.hookSecretArn must not be the secret of the Atlas keys",
	],
	[{ vpc: { natGateways: 3 } }, "vpc.natGateways must be 2 or less"],
	[{ vpc: "vpc-0123" }, "vpc must be false or a JSON object"],
	[{ logRetentionDays: 31 }, "logRetentionDays must be one of"],
	[{ atlasBaseUrl: "http://cloud.mongodb.com" }, "atlasBaseUrl must be an https URL"],
	[{ atlasBaseUrl: "https://user:pw@cloud.mongodb.com" }, "atlasBaseUrl must be an https URL"],
	[{ memoryMegabytes: 64 }, "memoryMegabytes must be 128 or more"],
	[{ reservedConcurrency: 0 }, "reservedConcurrency must be 1 or more"],
	[{ removalPolicy: "keep" }, "removalPolicy must be retain or destroy"],
	[{ perClusterAlarms: -1 }, "perClusterAlarms must be 0 or more"],
	[{ perClusterAlarms: 1000 }, "perClusterAlarms must be 300 or less"],
	[{ perClusterAlarms: "all" }, "perClusterAlarms must be true, false or a number"],
	[{ runbookUrl: "docs/runbook.md" }, "runbookUrl must be"],
	[{ runbookUrl: "javascript:alert(1)" }, "runbookUrl must be an http or https URL"],
	[{ runbookUrl: "https://acme.test/runbook#top" }, "runbookUrl must be an http or https URL without fragment"],
	[{ heartbeatUrl: "http://hc-ping.com/a" }, "heartbeatUrl must be an https URL"],
	[{ heartbeatUrl: "https://me:pw@hc-ping.com/a" }, "heartbeatUrl must be an https URL without user, password"],
	[{ heartbeatUrl: "hc-ping.com/a" }, "heartbeatUrl must be an https URL"],
	[{ heartbeatUrl: true }, "heartbeatUrl must be a string"],
	[{ a: 1, b: 2 }, "a is not known"],
	[{ a: 1, b: 2 }, "b is not known"],
	[scheduled({ expectedEveryMinutes: 720 }), "schedules.0.expectedEveryMinutes must be 1440 or more"],
	[scheduled({ expectedEveryMinutes: 10080 }), "schedules.0.expectedEveryMinutes must be 4320 or less"],
	[scheduled({ expression: "cron(0 4 * * ? 2020)" }), "schedules.0.expression must fire at least twice"],
	[scheduled({ expression: "at(2026-12-01T04:00:00)" }), "schedules.0.expression must be rate("],
	[{ runbookUrl: `https://acme.test/${"r".repeat(600)}` }, "runbookUrl must not be longer"],
];

const WARNED: readonly (readonly [settings: object, line: string, deployment?: object])[] = [
	[named(Array.from({ length: 51 }, (_, index) => `c${index}`)), "perClusterAlarms: schedules name 51 clusters"],
	[{ ...named(["a", "b", "c"]), perClusterAlarms: 2 }, "perClusterAlarms: schedules name 3 clusters"],
	[{ secretKeyArn: arn("kms", KEY, others) }, "secretKeyArn: the key is another account's"],
	[{}, "alarmEmail: neither it nor alarmTopicArn is set, so nobody is notified"],
	[
		{ alarmTopicArn: arn("sns", "t") },
		"alarmTopicArn: the topic's policy must let cloudwatch.amazonaws.com and events",
	],
	[{ heartbeatUrl: "https://hc-ping.com/a" }, "heartbeatUrl: without a schedule no cluster is watched"],
	[
		scheduled({ expression: "cron(30 2 * * ? *)", timeZone: "Europe/Berlin" }),
		"schedules nightly: expression names a time that daylight saving skips",
	],
	[
		scheduled({ expression: "cron(30 4 * * ? *)", timeZone: "Europe/Berlin", expectedEveryMinutes: 1440 }),
		"schedules nightly: expectedEveryMinutes 1440 is less than the 1500 minutes",
	],
	[
		scheduled({ expression: "rate(30 days)", request: { ...request, retentionInDays: 7 } }),
		"schedules nightly: request keeps a snapshot for 10080 minutes",
	],
	[{}, "region us-gov-west-1: AWS has not announced Lambda durable functions", { region: "us-gov-west-1" }],
	[{}, "region cn-north-1: AWS has not announced Lambda durable functions", { region: "cn-north-1" }],
];

function linesOf(settings: unknown, deployment = to): string[] {
	try {
		return [...warningsOf(readSettings(settings, deployment), deployment)];
	} catch (error) {
		if (!(error instanceof InputError)) throw error;
		return error.faults.map(({ pointer, detail }) => `${pointer.slice(1).replaceAll("/", ".")} ${detail}`);
	}
}

test("there are enough examples of wrong settings", () => {
	expect(REFUSED.length).toBeGreaterThan(70);
});

test.each(REFUSED)("%j is refused: %s", (settings, line) => {
	expect(() => readSettings(settings, to)).toThrow(InputError);
	expect(linesOf(settings).filter((said) => said.startsWith(line))).toHaveLength(1);
});

test.each(WARNED.map((row) => [...row] as const))("%j is warned about: %s", (settings, line, deployment = {}) => {
	expect(linesOf(settings, { ...to, ...deployment }).filter((said) => said.startsWith(line))).toHaveLength(1);
});

test("where account and region are not known, ARNs are held against each other", () => {
	const settings = { secretArn: arn("secretsmanager", "secret:a"), busArn: arn("events", "event-bus/b") };

	expect(readSettings(settings)).toMatchObject(settings);
	expect(linesOf({ ...settings, alarmTopicArn: arn("sns", "t", others) }, {} as typeof to)).toEqual([
		"alarmTopicArn must be of the account of secretArn",
	]);
	expect(linesOf({ ...settings, busArn: arn("events", "event-bus/b", abroad) }, {} as typeof to)).toEqual([
		"busArn must be of the region of secretArn",
	]);
});

test("of a commercial region nothing is said: it may have durable functions by now", () => {
	for (const region of ["us-east-2", "eu-central-1", "ap-southeast-7", "eusc-de-east-1", "xx-new-1"]) {
		expect(linesOf({}, { ...to, region }).filter((line) => line.startsWith("region"))).toEqual([]);
	}
});

const key = fc.constantFrom(
	...Object.keys(readSettings({})),
	...["secretArn", "busArn", "alarmTopicArn", "rotation", "defaultRequest", "limits", "stackName", "perClusterAlarms"],
	"__proto__",
);
const hostile = fc.oneof(
	fc.jsonValue({ maxDepth: 4 }),
	fc.constantFrom(
		"arn:aws:",
		arn("events", "event-bus/b"),
		arn("sns", "t"),
		{ pattern: {} },
		[{ name: "a" }],
		[null],
		[[]],
	),
);

test("whatever stands in cdk.json, the answer is settings or sentences that quote nothing", () => {
	fc.assert(
		fc.property(fc.dictionary(key, hostile), (settings) => {
			for (const line of linesOf(settings)) expect(line).toMatch(/^[^\n]{3,600}$/);
		}),
		{ numRuns: 500 },
	);
});
