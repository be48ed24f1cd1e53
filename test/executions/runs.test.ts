import type { DurableContext } from "@aws/durable-execution-sdk-js";
import { DurableOperationError, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import { nameRun, type Run } from "../../lambda/domain/run.ts";
import { createRuns } from "../../lambda/executions/runs.ts";
import { type FakeAws, startFakeAws } from "../../local/aws/index.ts";
import type { AwsFault } from "../../local/aws/server.ts";
import { targetStatus } from "../harness/router.ts";

const PROJECT = "32b6e34b3d91647abb20e7b8";
const ARN = "arn:aws:lambda:us-east-1:123456789012:function:snapshot:live";

class Incomplete extends DurableOperationError {
	readonly errorType = "RUN_INCOMPLETE";
}

/** A step of the durable function waits for it. */
const gate = Promise.withResolvers<void>();

/** The description of the request decides what it does. */
const handler = withDurableExecution(async (run: Run, durable: DurableContext) => {
	const names = run.request.clusters as readonly string[];
	const result = (states: ReturnType<typeof targetStatus>[]) => ({ run: run.run, targets: states });
	const completed = result(names.map((name) => targetStatus("COMPLETED", name)));
	const { description } = run.request;
	if (description === "completes") return completed;
	if (description === "incomplete") {
		const refused = result(names.map((name) => targetStatus("REFUSED", name)));
		throw new Incomplete("1 of 1", undefined, JSON.stringify(refused));
	}
	if (description === "breaks") throw new Error("at arn:aws:lambda:x with a secret");
	await durable.step("select-targets", async () => ({
		targets: names.map((clusterName) => ({ projectId: PROJECT, clusterName })),
		startedAt: 0,
	}));
	await durable.step("publish-started", async () => targetStatus("STARTED", names[0]));
	await durable.step("other", async () => {
		await gate.promise;
	});
	return completed;
});

let aws: FakeAws;
let lambda: LambdaClient;
const faults: { next: ((operation: string) => AwsFault | undefined) | undefined } = { next: undefined };
const time = { now: Date.now() };
const calls: string[] = [];

beforeAll(async () => {
	aws = await startFakeAws({
		secrets: {},
		snapshotHandler: async () => handler,
		faults({ operation }) {
			calls.push(operation);
			return faults.next?.(operation);
		},
	});
	const { url: endpoint, credentials } = aws;
	lambda = new LambdaClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
});

afterAll(async () => {
	gate.resolve();
	await Promise.all(aws.runs.map(({ ended }) => ended));
	lambda.destroy();
	await aws.close();
});

beforeEach(() => {
	faults.next = undefined;
	calls.length = 0;
});

const open = (arn = ARN) => createRuns(lambda, arn, () => time.now);

let count = 0;
function runOf(description: string, ...clusters: string[]): Run {
	const request = readSnapshotRequest({
		projectId: PROJECT,
		clusters: clusters.length > 0 ? clusters : ["prod-a"],
		description,
	});
	return {
		run: nameRun({ stack: "s", trigger: "http", caller: "local", key: `${description}-${++count}` }),
		trigger: "http",
		requestedBy: "local",
		request,
	};
}

const ended = (name: string) => aws.runs.find((run) => run.name === name)?.ended;

test("many callers who poll one run share its reads; a status that costs more reads is cached longer", async () => {
	const small = runOf("hangs");
	const large = runOf("hangs", ...Array.from({ length: 200 }, (_, index) => `c${index}`));
	const reads = async (run: Run, targets: number) => {
		const engine = open();
		await engine.start(run);
		await expect.poll(async () => (await open().read(run.run))?.targets.length).toBe(targets);
		calls.length = 0;
		// A hundred callers, four times a second, for eight seconds.
		for (let tick = 0; tick < 32; tick++) {
			await Promise.all(Array.from({ length: 100 }, () => engine.read(run.run)));
			time.now += 250;
		}
		return calls.filter((call) => call === "GetDurableExecutionHistory").length;
	};

	expect(await reads(small, 1)).toBeLessThanOrEqual(10);
	expect(await reads(large, 200)).toBeLessThanOrEqual(2);
});

describe("starting a run", () => {
	test("starts one execution of that name, whose payload is the run", async () => {
		const run = runOf("completes");

		await open().start(run);

		expect(aws.runs.filter(({ name }) => name === run.run)).toHaveLength(1);
		expect(JSON.parse(aws.runs.at(-1)?.payload ?? "")).toEqual(run);
	});

	test("twice is the same execution, also if the first reply was lost", async () => {
		const run = runOf("completes");
		faults.next = () => ({ do: "drop", when: "after" });
		await expect(open().start(run)).rejects.toMatchObject({ name: "START_FAILED", transient: true });

		faults.next = undefined;
		await Promise.all([open().start(run), open().start({ ...run, request: { ...run.request } })]);

		expect(aws.runs.filter(({ name }) => name === run.run)).toHaveLength(1);
	});

	test("under a name that belongs to another request is RUN_NAME_TAKEN", async () => {
		const run = runOf("completes");
		await open().start(run);

		const other = { ...run, request: { ...run.request, retentionInDays: 8 } };

		await expect(open().start(other)).rejects.toMatchObject({ name: "RUN_NAME_TAKEN" });
	});

	test.each([
		"DurableExecutionAlreadyStartedException",
		"DurableExecutionAlreadyStarted",
		"DurableExecutionAlreadyExistsException",
		"DurableExecutionAlreadyExists",
	])("1.5: is RUN_NAME_TAKEN in each of AWS's spellings (%s)", async (code) => {
		faults.next = () => ({ do: "fail", status: 409, code });

		await expect(open().start(runOf("completes"))).rejects.toMatchObject({ name: "RUN_NAME_TAKEN" });
	});

	test.each([
		[429, "TooManyRequestsException", "START_FAILED", true],
		[429, "SlowDown", "START_FAILED", true],
		[400, "ThrottlingException", "START_FAILED", true],
		[503, "ServiceUnavailable", "START_FAILED", true],
		[500, "ServiceException", "START_FAILED", true],
		[403, "AccessDeniedException", "CONFIG_INVALID", false],
		[404, "ResourceNotFoundException", "CONFIG_INVALID", false],
	])("to which AWS replies %i %s is %s", async (status, code, name, transient) => {
		faults.next = () => ({ do: "fail", status, code });

		const failure = open().start(runOf("completes"));

		await expect(failure).rejects.toMatchObject({ name, transient, message: expect.stringContaining(code) });
		await expect(failure).rejects.toMatchObject({ message: expect.not.stringContaining("arn:") });
	});

	test("with an unqualified ARN, which no durable execution has, is CONFIG_INVALID", async () => {
		await expect(open(ARN.replace(":live", "")).start(runOf("completes"))).rejects.toMatchObject({
			name: "CONFIG_INVALID",
		});
	});
});

describe("reading a run", () => {
	test("that completed returns its result, with two calls if only its name is known", async () => {
		const run = runOf("completes", "a", "b");
		await open().start(run);
		await ended(run.run);

		const status = await open().read(run.run);

		expect(status).toMatchObject({ run: run.run, status: "SUCCEEDED" });
		expect(status?.targets).toEqual([targetStatus("COMPLETED", "a"), targetStatus("COMPLETED", "b")]);
		expect(calls.slice(1)).toEqual(["ListDurableExecutionsByFunction", "GetDurableExecution"]);
	});

	test("that is incomplete returns the result in its error", async () => {
		const run = runOf("incomplete");
		await open().start(run);
		await ended(run.run);

		expect(await open().read(run.run)).toMatchObject({ status: "FAILED", targets: [targetStatus("REFUSED")] });
	});

	test("that failed returns its targets and a reason that quotes nothing", async () => {
		const run = runOf("breaks");
		await open().start(run);
		await ended(run.run);

		const status = await open().read(run.run);

		expect(status).toMatchObject({
			status: "FAILED",
			targets: [{ projectId: PROJECT, clusterName: "prod-a", state: "PENDING" }],
			reason: { code: "RUN_BROKEN_OFF" },
		});
		expect(JSON.stringify(status)).not.toMatch(/arn:|secret/);
	});

	test("that is running returns each target's last published state", async () => {
		const run = runOf("runs", "a", "b");
		const engine = open();
		await engine.start(run);

		await expect
			.poll(() => {
				time.now += 2000;
				return engine.read(run.run);
			})
			.toMatchObject({
				status: "RUNNING",
				targets: [targetStatus("STARTED", "a"), { projectId: PROJECT, clusterName: "b", state: "PENDING" }],
			});

		gate.resolve();
		await ended(run.run);
		time.now += 2000;
		expect(await engine.read(run.run)).toMatchObject({ status: "SUCCEEDED" });
	});

	test("that does not exist returns nothing", async () => {
		expect(await open().read(nameRun({ stack: "s", trigger: "http", caller: "local", key: "never" }))).toBeUndefined();
	});

	test("that was just started counts as running for a minute, though AWS does not list it yet", async () => {
		const run = runOf("completes");
		const engine = open();
		await engine.start(run);
		faults.next = (operation) =>
			operation === "Invoke" ? undefined : { do: "fail", status: 404, code: "ResourceNotFoundException" };

		const early = await engine.read(run.run);
		time.now += 61_000;
		const late = await engine.read(run.run);

		expect(early).toMatchObject({ status: "RUNNING", targets: [{ clusterName: "prod-a", state: "PENDING" }] });
		expect(late).toBeUndefined();
	});

	test("by concurrent callers calls AWS once, and an ended run is cached", async () => {
		const run = runOf("completes");
		const engine = open();
		await engine.start(run);
		await ended(run.run);
		calls.length = 0;

		await Promise.all(Array.from({ length: 50 }, () => engine.read(run.run)));
		time.now += 60_000;
		await engine.read(run.run);

		expect(calls).toEqual(["GetDurableExecution"]);
	});

	test.each([
		[429, "TooManyRequestsException", "READ_FAILED"],
		[500, "ServiceException", "READ_FAILED"],
		[403, "AccessDeniedException", "CONFIG_INVALID"],
	])("to which AWS replies %i %s is %s, and the next read calls AWS again", async (status, code, name) => {
		const run = runOf("completes");
		const engine = open();
		await engine.start(run);
		await ended(run.run);
		faults.next = () => ({ do: "fail", status, code });

		await expect(engine.read(run.run)).rejects.toMatchObject({ name });

		faults.next = undefined;
		expect(await engine.read(run.run)).toMatchObject({ status: "SUCCEEDED" });
	});
});
