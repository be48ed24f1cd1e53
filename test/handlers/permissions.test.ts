import { randomBytes } from "node:crypto";
import { Lambda } from "@aws-sdk/client-lambda";
import { Template } from "aws-cdk-lib/assertions";
import type { Context } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import { type AtlasSimulator, startAtlas } from "../../local/atlas/index.ts";
import type { DurableHandler } from "../../local/aws/engine.ts";
import { type FakeAws, startFakeAws } from "../../local/aws/index.ts";
import type { AwsRequest } from "../../local/aws/protocol.ts";
import { setFunctionEnvironment } from "../../local/environment.ts";
import { gatewayEvent, keyText, signedHeaders } from "../harness/router.ts";
import { actionsOf, type Call, isAllowed, roleOf, rolesOf } from "../infra/rules/policies.ts";
import { type Template as Resolved, resolve } from "../infra/rules/resolve.ts";
import { nightly, stackOf } from "../infra/synthesize.ts";
import { ACCOUNT, REGION } from "../infra/variants.ts";

const ALIAS = "arn:aws:lambda:us-east-1:123456789012:function:snapshot:live";
/** A run that the trigger function has not started in this process, so that it must search for it. */
const FIRST = `schedule-${"0123456789abcdef".repeat(2)}`;
const keyArn = (digit: string) => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${digit.repeat(8)}-1111-2222-3333-444455556666`;
const ATLAS_KEY = keyArn("a");
const HOOK_KEY = keyArn("b");

const templateOf = (context: object): Resolved =>
	resolve(Template.fromStack(stackOf(context)).toJSON(), "AtlasSnapshots");

const template = templateOf({
	schedules: [nightly],
	http: { signedHook: true },
	secretKeyArn: ATLAS_KEY,
	hookSecretKeyArn: HOOK_KEY,
	vpc: {},
});
const policies = rolesOf(template);
const ROLES = {
	snapshot: roleOf(template, /^Carries out runs/),
	trigger: roleOf(template, /^Takes events/),
	freshness: roleOf(template, /^Asks Atlas/),
} as const;
type FunctionName = keyof typeof ROLES;
const FUNCTIONS = Object.keys(ROLES) as FunctionName[];
const policiesOf = (name: FunctionName) => policies.get(ROLES[name]) ?? [];

const variablesOf = (description: RegExp) =>
	Object.values(template.Resources).find(
		({ Type, Properties }) => Type === "AWS::Lambda::Function" && description.test(Properties.Description),
	)?.Properties.Environment.Variables;
const snapshotVariables = variablesOf(/^Carries out/);
const BUS: string = snapshotVariables.EVENT_BUS_NAME;
const SECRET: string = snapshotVariables.ATLAS_SECRET_ID;
const triggerVariables = variablesOf(/^Takes events/);
const HOOK_SECRET: string = triggerVariables.WEBHOOK_SECRET_ID;
const FUNCTION = String(triggerVariables.SNAPSHOT_FUNCTION_ARN).replace(/:live$/, "");

/** The calls of the handlers to the fake services, with the resources of the template's stack. */
const calls: Record<FunctionName, Call[]> = { snapshot: [], trigger: [], freshness: [] };

let atlas: AtlasSimulator;
let aws: FakeAws;
let hooked: unknown;
/** No invocation of the durable function begins before it resolves. */
let held: Promise<void> | undefined;

/** The SDK sends it in the user agent; a client reads it from the environment at its first call. */
const actAs = (name: FunctionName) => {
	process.env["AWS_SDK_UA_APP_ID"] = name;
};

beforeAll(async () => {
	for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, "write").mockReturnValue(true);
	atlas = await startAtlas({ snapshotSeconds: 160, now: () => Date.now() });
	const { publicKey, privateKey, projectId } = atlas;
	const key = randomBytes(32);
	aws = await startFakeAws({
		secrets: {
			"atlas-keys": JSON.stringify({ publicKey, privateKey }),
			"hook-keys": keyText(key),
		},
		skipTime: true,
		async snapshotHandler() {
			await held;
			return (await import("../../lambda/handlers/snapshot.ts")).handler as DurableHandler;
		},
		onCall(operation, request) {
			const [, name] = /\bapp\/(\w+)/.exec(request.headers["user-agent"] ?? "") ?? [];
			if (name !== undefined && name in calls) calls[name as FunctionName].push(toCall(operation, request));
		},
	});
	setFunctionEnvironment(process.env, aws, {
		ATLAS_SECRET_ID: "atlas-keys",
		ATLAS_BASE_URL: atlas.url,
		EVENT_BUS_NAME: "default",
		FIRST_POLL_SECONDS: "60",
		SNAPSHOT_FUNCTION_ARN: ALIAS,
		WEBHOOK_SECRET_ID: "hook-keys",
	});
	const request = readSnapshotRequest({ projectId, clusters: ["prod-a", "events"] });

	actAs("snapshot");
	await new Lambda({ userAgentAppId: "test" }).invoke({
		FunctionName: ALIAS,
		InvocationType: "Event",
		DurableExecutionName: FIRST,
		Payload: Buffer.from(JSON.stringify({ run: FIRST, trigger: "schedule", requestedBy: "schedule:nightly", request })),
	});
	await aws.runs[0]?.ended;

	actAs("freshness");
	const { handler: checkFreshness } = await import("../../lambda/handlers/freshness.ts");
	await checkFreshness({ targets: [{ projectId, clusterName: "prod-a", expectedEveryMinutes: 1440 }] }, {} as Context);

	actAs("trigger");
	const { handler } = await import("../../lambda/handlers/trigger.ts");
	const context = { getRemainingTimeInMillis: () => 30_000 } as Context;
	await handler({ request, schedule: "arn:aws:scheduler:x", scheduledTime: "2026-10-24T02:00:00Z" }, context);
	const body = JSON.stringify({ projectId, clusters: ["prod-b"] });
	// The status is requested while the run is held: only then is its history read.
	const { promise, resolve: go } = Promise.withResolvers<void>();
	held = promise;
	const accepted = await handler(http("POST", "/snapshots", body), context);
	const location = "headers" in accepted ? String(accepted.headers?.["location"]) : "";
	await handler(http("GET", location), context);
	go();
	await aws.runs.at(-1)?.ended;
	await handler(http("GET", `/snapshots/${FIRST}`), context);
	const signed = signedHeaders(key, "w-1", body, Date.now());
	hooked = await handler(http("POST", "/hooks/snapshots", body, signed), context);
	await Promise.all(aws.runs.map(({ ended }) => ended));
}, 180_000);

afterAll(async () => {
	await aws.close();
	await atlas.close();
});

const http = (method: string, path: string, body?: string, headers: object = {}) =>
	gatewayEvent(method, path, body, headers, "arn:aws:sts::123456789012:assumed-role/ci/session-1");

/** The action, resource and conditions that IAM would check for a request to a fake service. */
function toCall(operation: string, { path, body }: AwsRequest): Call {
	const [, , , id = ""] = path.split("/");
	switch (operation) {
		case "GetSecretValue": {
			const { SecretId } = JSON.parse(body.toString());
			return { action: "secretsmanager:GetSecretValue", resource: SecretId === "hook-keys" ? HOOK_SECRET : SECRET };
		}
		case "PutEvents": {
			const [{ Source, DetailType }] = JSON.parse(body.toString()).Entries;
			return {
				action: "events:PutEvents",
				resource: BUS,
				context: { "events:source": Source, "events:detail-type": DetailType },
			};
		}
		default: {
			const action = operation === "Invoke" ? "InvokeFunction" : operation;
			return {
				action: `lambda:${action}`,
				resource: decodeURIComponent(id).replace(/^arn:.*:function:snapshot/, FUNCTION),
			};
		}
	}
}

/** Actions that no handler requests itself, and who does. */
const LAMBDA = "Lambda, with the function's role";
const UNRECORDED: Readonly<Record<FunctionName, Readonly<Record<string, string>>>> = {
	snapshot: {
		"lambda:CheckpointDurableExecution": "the durable SDK; the tests' runner answers it before it gets to a socket",
		"lambda:GetDurableExecutionHistory": "the run of a large request, for a part that AWS ended",
		"lambda:GetDurableExecutionState": "the durable SDK, when a run is resumed",
		"lambda:InvokeFunction": "Lambda, for the parts of a large run that the durable SDK chains",
	},
	trigger: {},
	freshness: {},
};
const OF_LAMBDA = ["logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"];
const OF_NETWORK = [
	"ec2:DescribeNetworkInterfaces",
	"ec2:DescribeSubnets",
	"ec2:CreateNetworkInterface",
	"ec2:DeleteNetworkInterface",
	"ec2:AssignPrivateIpAddresses",
	"ec2:UnassignPrivateIpAddresses",
];
const reasonsOf = (name: FunctionName): Readonly<Record<string, string>> => ({
	...UNRECORDED[name],
	...Object.fromEntries(OF_LAMBDA.map((action) => [action, LAMBDA])),
	...(name === "trigger" ? {} : Object.fromEntries(OF_NETWORK.map((action) => [action, `${LAMBDA}, in a VPC`]))),
	"kms:Decrypt": "Secrets Manager, when the function reads a secret under a key of the customer's",
});

describe.each(FUNCTIONS)("the %s function", (name) => {
	test("may make every call that it makes", async () => {
		expect(calls[name].length).toBeGreaterThan(0);
		for (const call of calls[name]) {
			expect([call, await isAllowed(ROLES[name], policiesOf(name), call)]).toEqual([call, true]);
		}
	});

	test("may do nothing else, except what is listed here with its reason", () => {
		const made = calls[name].map(({ action }) => action);

		expect([...new Set([...made, ...Object.keys(reasonsOf(name))])].sort()).toEqual(
			[...actionsOf(policiesOf(name))].sort(),
		);
		expect(Object.keys(reasonsOf(name)).filter((action) => made.includes(action))).toEqual([]);
	});
});

test("the recorded calls are of every kind that the functions make", () => {
	const kinds = (name: FunctionName) =>
		[...new Set(calls[name].map(({ action }) => action.replace(/^.*:/, "")))].sort();

	expect(kinds("snapshot")).toEqual(["GetSecretValue", "PutEvents"]);
	expect(kinds("freshness")).toEqual(["GetSecretValue"]);
	expect(kinds("trigger")).toEqual([
		"GetDurableExecution",
		"GetDurableExecutionHistory",
		"GetSecretValue",
		"InvokeFunction",
		"ListDurableExecutionsByFunction",
	]);
	expect(calls.trigger.map(({ resource }) => resource)).toContain(HOOK_SECRET);
	expect(hooked).toMatchObject({ statusCode: 202 });
});

test("the trigger function, which faces the internet, may not read the Atlas keys, publish, or run what is not the alias", async () => {
	const denied: readonly Call[] = [
		{ action: "secretsmanager:GetSecretValue", resource: SECRET },
		{ action: "events:PutEvents", resource: BUS },
		{ action: "lambda:InvokeFunction", resource: FUNCTION },
		{ action: "lambda:InvokeFunction", resource: `${FUNCTION}:1` },
		{ action: "lambda:StopDurableExecution", resource: `${FUNCTION}:1/durable-execution/a/b` },
		{ action: "lambda:GetDurableExecution", resource: `${FUNCTION}-other:1/durable-execution/a/b` },
	];
	for (const call of denied) {
		expect([call, await isAllowed(ROLES.trigger, policiesOf("trigger"), call)]).toEqual([call, false]);
	}
});

describe("a customer's keys", () => {
	const decrypt = (resource: string, service = "secretsmanager", region = REGION): Call => ({
		action: "kms:Decrypt",
		resource,
		context: { "kms:ViaService": `${service}.${region}.amazonaws.com` },
	});
	const may = (name: FunctionName, call: Call) => isAllowed(ROLES[name], policiesOf(name), call);

	test("are used through Secrets Manager, each by the functions that read its secret", async () => {
		expect(await may("snapshot", decrypt(ATLAS_KEY))).toBe(true);
		expect(await may("freshness", decrypt(ATLAS_KEY))).toBe(true);
		expect(await may("trigger", decrypt(HOOK_KEY))).toBe(true);
	});

	test("are not used otherwise: the trigger function cannot use the Atlas key's", async () => {
		expect(await may("trigger", decrypt(ATLAS_KEY))).toBe(false);
		expect(await may("snapshot", decrypt(HOOK_KEY))).toBe(false);
		for (const name of ["snapshot", "freshness"] as const) {
			expect(await may(name, { action: "kms:Decrypt", resource: ATLAS_KEY })).toBe(false);
			expect(await may(name, decrypt(ATLAS_KEY, "s3"))).toBe(false);
			expect(await may(name, decrypt(ATLAS_KEY, "secretsmanager", "us-east-1"))).toBe(false);
			expect(await may(name, { ...decrypt(ATLAS_KEY), action: "kms:Encrypt" })).toBe(false);
		}
	});
});

describe("a secret given by its ARN is read", () => {
	const arn = (name: string) => `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}`;
	const secrets = [
		["whose ARN is whole", "atlas-AbCdEf", "atlas-AbCdEf"],
		["whose ARN lacks the six characters", "atlas", "atlas-Xy12Ab"],
		["whose name ends as if the ARN were whole", "atlas-secret", "atlas-secret-Xy12Ab"],
	] as const;
	const read = (resource: string): Call => ({ action: "secretsmanager:GetSecretValue", resource });

	test.each(secrets)("by the functions that call Atlas, %s", async (_what, given, real) => {
		const template = templateOf({ secretArn: arn(given) });
		for (const description of [/^Carries out/, /^Asks Atlas/]) {
			const role = roleOf(template, description);
			const own = rolesOf(template).get(role) ?? [];

			expect(await isAllowed(role, own, read(arn(real)))).toBe(true);
			expect(await isAllowed(role, own, read(arn(`other-${real}`)))).toBe(false);
			expect(await isAllowed(role, own, read(arn(`${given}-and-more-Xy12Ab`)))).toBe(false);
		}
	});

	test.each(secrets)("by the trigger function for hooks, %s", async (_what, given, real) => {
		const template = templateOf({ http: { signedHook: true, hookSecretArn: arn(given) } });
		const role = roleOf(template, /^Takes events/);

		expect(await isAllowed(role, rolesOf(template).get(role) ?? [], read(arn(real)))).toBe(true);
	});

	test.each(secrets)("by the rotation for the admin's, %s", async (_what, given, real) => {
		const template = templateOf({ rotation: { adminSecretArn: arn(given) } });
		const role = [...rolesOf(template).keys()].find((name) => name.includes("SecretR")) ?? "";

		expect(await isAllowed(role, rolesOf(template).get(role) ?? [], read(arn(real)))).toBe(true);
	});
});
