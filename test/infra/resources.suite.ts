import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type App, Duration } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { expect, test } from "vitest";
import { AtlasSnapshots } from "../../infra/constructs/atlas-snapshots.ts";
import { parseCredentials } from "../../lambda/domain/credentials.ts";
import { readSnapshotConfig, readTriggerConfig } from "../../lambda/handlers/config.ts";
import { outputsIn } from "../runbook/blocks.ts";
import { nightly, PROJECT, stackOf, templateOf } from "./synthesize.ts";

const request = { projectId: PROJECT, clusters: "all" };
const template = templateOf({
	schedules: [nightly],
	defaultRequest: request,
	eventRules: [
		{ name: "weekly", expression: "rate(7 days)" },
		{ name: "release", pattern: { source: ["acme"], "detail-type": ["Wanted"] } },
	],
	http: { signedHook: true, ratePerSecond: 3, burst: 4 },
	reservedConcurrency: 20,
	atlasBaseUrl: "https://cloud.mongodbgov.com",
});

const only = (type: string, properties: object = {}) => {
	const found = Object.values(template.findResources(type, { Properties: properties }));
	expect(found).toHaveLength(1);
	return found[0]?.["Properties"] ?? {};
};
const settingsOf = (description: RegExp) =>
	only("AWS::Lambda::Function", { Description: Match.stringLikeRegexp(description.source) });
/** References as CloudFormation would put an ARN there. */
const variablesOf = (description: RegExp): Record<string, string> =>
	Object.fromEntries(
		Object.entries(settingsOf(description)["Environment"]["Variables"]).map(([key, value]) => [
			key,
			typeof value === "string" ? value : "arn:aws:…",
		]),
	);

test("an execution lasts up to seven days, its history is kept for thirty, and it begins at an alias whose versions stay", () => {
	template.hasResourceProperties("AWS::Lambda::Function", {
		DurableConfig: { ExecutionTimeout: 7 * 86_400, RetentionPeriodInDays: 30 },
		ReservedConcurrentExecutions: 20,
		FunctionName: Match.absent(),
	});
	template.hasResource("AWS::Lambda::Version", {
		DeletionPolicy: "RetainExceptOnCreate",
		UpdateReplacePolicy: "Retain",
	});
	template.hasResourceProperties("AWS::Lambda::Alias", { Name: "live" });
	template.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
		MaximumRetryAttempts: 0,
		Qualifier: Match.objectLike({ "Fn::Select": Match.anyValue() }),
	});
});

test("every function is arm64 on Node 24, logs JSON into a group with a retention, and has a dead-letter queue", () => {
	const functions = Object.values(template.findResources("AWS::Lambda::Function"));

	expect(functions).toHaveLength(3);
	for (const { Properties } of functions) {
		expect(Properties).toMatchObject({
			Architectures: ["arm64"],
			Runtime: "nodejs24.x",
			Handler: "index.handler",
			LoggingConfig: { LogFormat: "JSON", LogGroup: { Ref: expect.any(String) } },
			DeadLetterConfig: { TargetArn: expect.anything() },
		});
	}
	template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: 30 });
});

test("the functions read the environment that the stack gives them", () => {
	expect(readTriggerConfig(variablesOf(/^Takes events/))).toMatchObject({
		DEFAULT_REQUEST: request,
		WEBHOOK_SECRET_ID: "arn:aws:…",
	});
	expect(readSnapshotConfig(variablesOf(/^Carries out/))).toMatchObject({
		ATLAS_BASE_URL: "https://cloud.mongodbgov.com",
		EVENT_BUS_NAME: "arn:aws:…",
	});
});

test("promise 9: both functions know the limits of callers, whoever starts a run", () => {
	const { hook, http } = { hook: { maxClusters: 2 }, http: { clusters: ["prod-*"] } };
	const functions = templateOf({ schedules: [nightly], limits: { hook, http } }).findResources("AWS::Lambda::Function");

	const given = Object.values(functions).map(({ Properties }) => Properties["Environment"]["Variables"]);
	for (const name of ["SNAPSHOT_FUNCTION_ARN", "EVENT_BUS_NAME"]) {
		for (const variables of given.filter((each) => name in each)) {
			expect(JSON.parse(variables["REQUEST_LIMITS"])).toEqual({ hook, http });
		}
	}
});

test("a schedule sends its request with the two attributes that name a firing", () => {
	const schedule = only("AWS::Scheduler::Schedule", { ScheduleExpression: nightly.expression });

	expect(schedule).toMatchObject({
		ScheduleExpressionTimezone: "Europe/Berlin",
		FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 15 },
		Target: {
			DeadLetterConfig: expect.anything(),
			RetryPolicy: { MaximumEventAgeInSeconds: Duration.hours(6).toSeconds(), MaximumRetryAttempts: 185 },
		},
	});
	expect(JSON.parse(schedule["Target"]["Input"])).toEqual({
		request: { ...nightly.request, retentionInDays: 7, onConflict: "join", deadlineMinutes: 60 },
		schedule: "<aws.scheduler.schedule-arn>",
		scheduledTime: "<aws.scheduler.scheduled-time>",
	});
});

test("event rules reach the trigger function, by pattern or by expression", () => {
	template.hasResourceProperties("AWS::Events::Rule", {
		EventPattern: { source: ["acme"], "detail-type": ["Wanted"] },
	});
	template.hasResourceProperties("AWS::Events::Rule", { ScheduleExpression: "rate(7 days)" });
});

test("every route requires SigV4, except the hook, which has a signature of its own, and what starts and reads nothing", () => {
	const routes = Object.values(template.findResources("AWS::ApiGatewayV2::Route"));

	expect(
		Object.fromEntries(routes.map(({ Properties }) => [Properties["RouteKey"], Properties["AuthorizationType"]])),
	).toEqual({
		"POST /snapshots": "AWS_IAM",
		"GET /snapshots/{run}": "AWS_IAM",
		"HEAD /snapshots/{run}": "AWS_IAM",
		"GET /openapi.json": "AWS_IAM",
		"HEAD /openapi.json": "AWS_IAM",
		"POST /hooks/snapshots": "NONE",
		$default: "NONE",
	});
	template.allResourcesProperties("AWS::ApiGatewayV2::Integration", { PayloadFormatVersion: "2.0" });
	const { AccessLogSettings, DefaultRouteSettings, RouteSettings } = only("AWS::ApiGatewayV2::Stage");
	const slow = { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2 };
	expect(RouteSettings).toEqual({ $default: slow, "POST /hooks/snapshots": slow });
	for (const RouteKey of ["$default", "POST /hooks/snapshots"]) {
		const [open] = Object.keys(template.findResources("AWS::ApiGatewayV2::Route", { Properties: { RouteKey } }));
		template.hasResource("AWS::ApiGatewayV2::Stage", { DependsOn: Match.arrayWith([open]) });
	}
	expect(DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 3, ThrottlingBurstLimit: 4 });
	expect(AccessLogSettings["Format"]).not.toMatch(/authorization|signature|body/i);
});

test("people are notified of what is late or did not complete, in sentences", () => {
	const { EventPattern, Targets } = only("AWS::Events::Rule", {
		Description: Match.stringLikeRegexp("^Notifies people"),
	});

	expect(EventPattern["detail"]).toEqual({ state: ["LATE", "FAILED", "REFUSED", "LOST"] });
	expect(Targets[0]["InputTransformer"]["InputTemplate"].split("\n")[0]).toBe(
		'"Atlas snapshot <detail-state>: cluster <detail-clusterName> of project <detail-projectId>"',
	);
});

test("consumers hook into completed and failed snapshots, and read the metrics", () => {
	const stack = stackOf({});
	const target = new SqsQueue(new Queue(stack, "Consumer"));
	stack.snapshots.onCompleted("Completed", { target });
	stack.snapshots.onFailed("Failed", { target, eventPattern: { detail: { clusterName: ["prod-a"] } } });
	const consumers = Template.fromStack(stack);

	consumers.hasResourceProperties("AWS::Events::Rule", {
		EventPattern: { source: ["atlas.snapshots"], detail: { state: ["COMPLETED"] } },
	});
	consumers.hasResourceProperties("AWS::Events::Rule", {
		EventPattern: { detail: { clusterName: ["prod-a"], state: ["FAILED", "REFUSED", "LOST"] } },
	});
	expect(stack.resolve(stack.snapshots.metricCompleted().toMetricConfig().metricStat)).toMatchObject({
		namespace: "AtlasSnapshots",
		metricName: "SnapshotsCompleted",
		dimensions: [{ name: "stack", value: "AtlasSnapshots" }],
	});
});

test("the outputs have the promised names", () => {
	const promised = [
		"ApiUrl",
		"EventBusName",
		"AlarmTopicArn",
		"DashboardUrl",
		"SnapshotFunctionAliasArn",
		"ScheduleGroupName",
		"SecretArn",
	];

	expect(Object.keys(template.findOutputs("*"))).toEqual(expect.arrayContaining(promised));
	expect(Object.keys(templateOf({ vpc: {}, http: false }).findOutputs("*"))).toContain("EgressIps");
});

test("every output that a document names exists", () => {
	const named = ["docs/runbook.md", "README.md"].flatMap(outputsIn);

	expect(named.length).toBeGreaterThan(10);
	expect([...Object.keys(template.findOutputs("*")), "EgressIps"]).toEqual(expect.arrayContaining(named));
});

test("no output, and no part of the template, holds a secret's value", () => {
	const secrets = Object.values(template.findResources("AWS::SecretsManager::Secret"));

	expect(secrets.map(({ Properties }) => Properties["SecretString"])).toEqual([undefined, undefined]);
});

test("what holds data outlives the stack, unless removalPolicy says otherwise; a first deploy that fails leaves nothing behind", () => {
	const types = ["AWS::SecretsManager::Secret", "AWS::SQS::Queue", "AWS::Logs::LogGroup"];
	const policies = (of: Template) =>
		new Set(types.flatMap((type) => Object.values(of.findResources(type)).map(({ DeletionPolicy }) => DeletionPolicy)));

	expect(policies(template)).toEqual(new Set(["RetainExceptOnCreate"]));
	expect(policies(templateOf({ removalPolicy: "destroy" }))).toEqual(new Set(["Delete"]));
});

test("the construct refuses names that clash, an impossible date and a missing default request", () => {
	const stack = stackOf({});
	const code = import.meta.dirname;
	const props = { bundles: { snapshot: code, trigger: code, freshness: code } };
	const schedule = {
		name: "night",
		expression: "cron(0 2 30 2 ? *)",
		expectedEvery: Duration.days(1),
		request: { clusters: "all" as const },
	};

	expect(
		() =>
			new AtlasSnapshots(stack, "Clash", {
				...props,
				schedules: [schedule, { ...schedule, name: "Night", timeZone: "Moon" }],
			}),
	).toThrow(
		"schedules: night.expression must name a day that its months have; Night must not occur twice, in whatever case; Night.expression must name a day that its months have; Night.timeZone must be an IANA time zone",
	);
	expect(
		() =>
			new AtlasSnapshots(stack, "NoRequest", {
				...props,
				eventRules: [{ name: "weekly", expression: "rate(7 days)" }],
			}),
	).toThrow("event rule weekly: needs a defaultRequest");
});

test("a second synth gives the same template and the same assets", () => {
	const [first, second] = [stackOf({ schedules: [nightly] }), stackOf({ schedules: [nightly] })].map((stack) => ({
		template: Template.fromStack(stack).toJSON(),
		outdir: (stack.node.root as App).outdir,
	}));

	expect(second?.template).toEqual(first?.template);
	const [assets, again] = [first, second].map((synth) =>
		readFileSync(join(synth?.outdir ?? "", "AtlasSnapshots.assets.json"), "utf8"),
	);
	expect(again).toBe(assets);
});

test("the access log is named where API Gateway needs no statement in the account's policy, anew for each stack", () => {
	const [log] = Object.values(template.findResources("AWS::Logs::LogGroup")).filter(
		({ Properties }) => Properties["LogGroupName"] !== undefined,
	);
	const [separator, [begin, stackId]] = log?.["Properties"]["LogGroupName"]["Fn::Join"] ?? ["", []];

	expect([separator, begin]).toEqual([
		"",
		expect.stringMatching(/^\/aws\/vendedlogs\/atlas-snapshots\/AtlasSnapshots-[0-9a-f]{8}\/$/),
	]);
	expect(JSON.stringify(stackId)).toContain("AWS::StackId");
});

test("the placeholder of a rotated secret has the form that Secrets Manager demands, and is refused as keys", () => {
	const adminSecretArn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:admin-AbCdEf";
	const secrets = templateOf({ rotation: { adminSecretArn } }).findResources("AWS::SecretsManager::Secret");
	const [text = ""] = Object.values(secrets).map(({ Properties }): string => Properties["SecretString"]);

	expect(JSON.parse(text)).toEqual({
		clientId: expect.stringMatching(/^mdb_sa_id_[0-9a-f]{24}$/),
		clientSecret: expect.stringContaining("placeholder"),
		orgId: expect.stringMatching(/^[0-9a-f]{24}$/),
	});
	expect(() => parseCredentials(text, "atlas")).toThrow("clientId is still the placeholder");
});
