import { randomBytes } from "node:crypto";
import type { DurableContext } from "@aws/durable-execution-sdk-js";
import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import type { Context } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { nameRun, type Run } from "../../lambda/domain/run.ts";
import type { handler as Handler } from "../../lambda/handlers/trigger.ts";
import { type FakeAws, startFakeAws } from "../../local/aws/index.ts";
import { expectDocumented } from "../harness/http-contract.ts";
import { gatewayEvent, keyText, signedHeaders, targetStatus } from "../harness/router.ts";

const PROJECT = "32b6e34b3d91647abb20e7b8";
const request = { projectId: PROJECT, clusters: ["prod-a"] };
const stack = "atlas-snapshots";
const key = randomBytes(32);
const context = { getRemainingTimeInMillis: () => 30_000 } as Context;

const durable = withDurableExecution(async (run: Run, steps: DurableContext) => {
	await steps.step("publish-started", async () => targetStatus("STARTED"));
	return { run: run.run, targets: [targetStatus("COMPLETED")] };
});

let aws: FakeAws;
let handler: typeof Handler;

beforeAll(async () => {
	aws = await startFakeAws({
		secrets: { hooks: keyText(key) },
		snapshotHandler: async () => durable,
	});
	vi.stubEnv("AWS_ENDPOINT_URL", aws.url);
	vi.stubEnv("AWS_REGION", "us-east-1");
	vi.stubEnv("AWS_ACCESS_KEY_ID", aws.credentials.accessKeyId);
	vi.stubEnv("AWS_SECRET_ACCESS_KEY", aws.credentials.secretAccessKey);
	vi.stubEnv("SNAPSHOT_FUNCTION_ARN", "arn:aws:lambda:us-east-1:123456789012:function:snapshot:live");
	vi.stubEnv("DEFAULT_REQUEST", JSON.stringify(request));
	vi.stubEnv("WEBHOOK_SECRET_ID", "hooks");
	({ handler } = await import("../../lambda/handlers/trigger.ts"));
});

afterAll(async () => {
	await Promise.all(aws.runs.map(({ ended }) => ended));
	await aws.close();
	vi.unstubAllEnvs();
});

const logged: string[] = [];
beforeEach(() => {
	logged.length = 0;
	vi.spyOn(process.stdout, "write").mockImplementation((line) => logged.push(String(line)) > 0);
	vi.spyOn(process.stderr, "write").mockImplementation((line) => logged.push(String(line)) > 0);
});

const http = (method: string, path: string, body?: unknown, headers: object = {}) =>
	gatewayEvent(method, path, body, headers, "arn:aws:sts::123456789012:assumed-role/ci/session-1");

async function send(event: ReturnType<typeof http>) {
	const reply = await handler(event, context);
	if (!("statusCode" in reply)) throw new Error("no reply");
	const { statusCode: status, headers, body } = reply;
	expectDocumented(event.requestContext.http.method, event.rawPath, { status, headers, body: body || undefined });
	return { status, headers, body: JSON.parse(body || "null") };
}

describe("the trigger function", () => {
	test("starts one run for a firing of a schedule, however often it is delivered", async () => {
		const firing = { request, schedule: "arn:aws:scheduler:x", scheduledTime: "2026-10-24T02:00:00Z" };
		const run = nameRun({ stack, trigger: "schedule", caller: firing.schedule, key: firing.scheduledTime });

		const results = [await handler(firing, context), await handler(structuredClone(firing), context)];

		expect(results).toEqual([{ run }, { run }]);
		expect(aws.runs.filter(({ name }) => name === run)).toHaveLength(1);
	});

	test("starts a run for an event, and the default request for a cron rule's", async () => {
		const event = { version: "0", id: "e-1", source: "ci", "detail-type": "Release", detail: request };
		const cron = {
			...event,
			source: "aws.events",
			"detail-type": "Scheduled Event",
			resources: ["arn:aws:events:x"],
			time: "2026-10-24T02:00:00Z",
			detail: {},
		};

		const results = [await handler(event, context), await handler(cron, context)];

		expect(results).toEqual([
			{ run: nameRun({ stack, trigger: "event", caller: "ci", key: "e-1" }) },
			{ run: nameRun({ stack, trigger: "schedule", caller: "arn:aws:events:x", key: "2026-10-24T02:00:00Z" }) },
		]);
	});

	test("replies to a POST, and later returns the run's end at the location of the reply", async () => {
		const accepted = await send(http("POST", "/snapshots", request, { prefer: "wait=10" }));

		const location = accepted.headers["location"] ?? "";
		await aws.runs.find(({ name }) => location.endsWith(name))?.ended;
		await expect
			.poll(async () => (await send(http("GET", location))).body, { timeout: 5000 })
			.toMatchObject({ status: "SUCCEEDED", targets: [targetStatus("COMPLETED")] });

		expect(accepted.status).toBe(202);
		expect(accepted.body.targets[0].state).toMatch(/^(STARTED|COMPLETED)$/);
	});

	test("replies 422 to a used key with another request", async () => {
		const headers = { "idempotency-key": "release-42" };

		const replies = [
			await send(http("POST", "/snapshots", request, headers)),
			await send(http("POST", "/snapshots", { clusters: ["prod-a"], projectId: PROJECT }, headers)),
			await send(http("POST", "/snapshots", { ...request, retentionInDays: 8 }, headers)),
		];

		expect(replies.map(({ status }) => status)).toEqual([202, 202, 422]);
		expect(replies[0]).toEqual(replies[1]);
	});

	test("accepts a signed hook, and starts nothing for one that is not", async () => {
		const body = JSON.stringify(request);
		const headers = signedHeaders(key, "msg_1", body, Date.now());
		const before = aws.runs.length;

		const forged = await send(http("POST", "/hooks/snapshots", `${body} `, headers));
		const unstarted = aws.runs.length;
		const genuine = await send(http("POST", "/hooks/snapshots", body, headers));

		expect([forged.status, genuine.status]).toEqual([401, 202]);
		expect([unstarted - before, aws.runs.length - before]).toEqual([0, 1]);
		expect(logged.join()).not.toContain(headers["webhook-signature"].slice("v1,".length));
	});

	test("throws for an invalid event, with name and message only", async () => {
		const failure: unknown = await handler({ Records: [{ eventSource: "aws:sqs" }] }, context).catch((error) => error);

		expect(failure).toBeInstanceOf(Error);
		expect(failure).toMatchObject({ name: "EVENT_INVALID" });
		expect(failure).not.toHaveProperty("cause");
		expect((failure as Error).stack).toBe(`EVENT_INVALID: ${(failure as Error).message}`);
		expect(logged.join()).toContain('"error":"EVENT_INVALID"');
	});

	test("writes one line for each request, without bodies or credentials", async () => {
		await send(http("POST", "/snapshots", { ...request, description: "inner-secret" }));
		await send(http("POST", "/snapshots", '{"description":"inner-secret"'));
		await send(http("GET", "/inner-secret"));

		const lines = logged.map((line) => JSON.parse(line));
		expect(lines.map(({ message, status, route }) => [message, status, route])).toEqual([
			["request answered", 202, "/snapshots"],
			["request refused", 400, "/snapshots"],
			["request refused", 404, "none"],
		]);
		expect(logged.join()).not.toMatch(/inner-secret|AKIDEXAMPLE/);
	});
});

describe("replies and log lines stay small", () => {
	const many = <T>(count: number, of: (index: number) => T) => Array.from({ length: count }, (_, index) => of(index));
	/** Keys that JSON writes six times as long, and a pointer twice. */
	const long = (index: number) => `${String.fromCharCode(1 + (index % 31)).repeat(200)}${"~/".repeat(100)}${index}`;
	const faulty = {
		"unknown fields": { ...request, ...Object.fromEntries(many(30, (index) => [long(index), 1])) },
		"short unknown fields": Object.fromEntries(many(1000, (index) => [`k${index}`, 1])),
		"faulty names": { projectId: PROJECT, clusters: many(999, () => "-") },
		"a list that is too long": { projectId: PROJECT, clusters: many(4000, () => "") },
		"tags that can't be": { clusters: { tags: Object.fromEntries(many(60, (index) => [long(index), ""])) } },
		"one long key": { ...request, ["\u0001".repeat(3000)]: 1 },
		"a long text": { ...request, description: "\u0001".repeat(3000) },
	};

	test.each(Object.entries(faulty))("no reply and no line is longer than 20 kB: %s", async (_, body) => {
		const reply = await handler(http("POST", "/snapshots", body), context);

		expect(reply).toMatchObject({ statusCode: expect.toSatisfy((status) => status === 400 || status === 413) });
		expect(Buffer.byteLength(JSON.stringify(reply))).toBeLessThan(20_000);
		expect(logged).toHaveLength(1);
		expect(Buffer.byteLength(logged.join(""))).toBeLessThan(20_000);
	});

	test.each(Object.entries(faulty))("a rejected event is one line and one short error: %s", async (_, detail) => {
		const grown = { ...detail, ...Object.fromEntries(many(500, (index) => [long(index), index])) };
		for (const event of [
			{ version: "0", id: "e-1", source: "ci", "detail-type": "Release", detail: grown },
			{ request: grown, schedule: "arn:aws:scheduler:x", scheduledTime: "2026-10-24T02:00:00Z", ...grown },
		]) {
			logged.length = 0;
			const failure: unknown = await handler(event, context).catch((error) => error);

			expect(failure).toMatchObject({ name: expect.stringMatching(/^(EVENT|REQUEST)_INVALID$/) });
			expect((failure as Error).message.length).toBeLessThan(10_000);
			// Lambda's own line about a failed invocation holds name, message and stack.
			const { name, message, stack } = failure as Error;
			const line = JSON.stringify({ errorType: name, errorMessage: message, stackTrace: stack?.split("\n") });
			expect(Buffer.byteLength(line)).toBeLessThan(20_000);
			expect(logged).toHaveLength(1);
			expect(Buffer.byteLength(logged.join(""))).toBeLessThan(20_000);
		}
	});

	test("a list of names that is too long is one fault, and of many faults twenty are listed", async () => {
		const [tooLong, unknown] = [faulty["a list that is too long"], faulty["short unknown fields"]];

		const replies = [await send(http("POST", "/snapshots", tooLong)), await send(http("POST", "/snapshots", unknown))];

		expect(replies.map(({ body }) => body.errors.length)).toEqual([1, 20]);
		expect(replies[1]?.body.detail).toMatch(/; and 98\d more$/);
	});

	test("a limit's refusal of an event is one line, by name", async () => {
		const event = { version: "0", id: "e-2", source: "ci", "detail-type": "Release" };
		const failure: unknown = await handler({ ...event, detail: { ...request, retentionInDays: 401 } }, context).catch(
			(error) => error,
		);

		expect(failure).toMatchObject({
			name: "NOT_ALLOWED",
			message: "request: retentionInDays must be 400 or less (limits.event.maxRetentionInDays)",
		});
		expect(logged.map((line) => JSON.parse(line).error)).toEqual(["NOT_ALLOWED"]);
	});

	test("a limit's refusal of a request is a 403 that names field and limit", async () => {
		const { status, body } = await send(http("POST", "/snapshots", { ...request, retentionInDays: 401 }));

		expect([status, body.type]).toEqual([403, "urn:atlas-snapshots:problem:not-allowed"]);
		expect(body.errors).toEqual([
			{ pointer: "/retentionInDays", detail: "must be 400 or less (limits.http.maxRetentionInDays)" },
		]);
	});
});

describe("a faulty configuration", () => {
	test("is a problem for HTTP requests, an error for events, and named in the log", async () => {
		vi.resetModules();
		vi.stubEnv("SNAPSHOT_FUNCTION_ARN", "");
		const { handler: faulty } = await import("../../lambda/handlers/trigger.ts");

		const reply = await faulty(http("POST", "/snapshots", request), context);
		const failure = faulty({ request }, context);

		await expect(failure).rejects.toMatchObject({ name: "CONFIG_INVALID" });
		expect(reply).toMatchObject({ statusCode: 500, headers: { "content-type": "application/problem+json" } });
		expect(JSON.stringify(reply)).not.toContain("SNAPSHOT_FUNCTION_ARN");
		expect(logged.join()).toContain("SNAPSHOT_FUNCTION_ARN must not be empty");
	});
});
