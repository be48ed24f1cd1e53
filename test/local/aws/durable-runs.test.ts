import {
	GetDurableExecutionCommand,
	GetDurableExecutionHistoryCommand,
	InvokeCommand,
	type LambdaClient,
	ListDurableExecutionsByFunctionCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeAws, startFakeAws } from "../../../local/aws/index.ts";
import { FUNCTION_ARN } from "../../../local/aws/protocol.ts";
import { clientsOf } from "./clients.ts";
import { counting } from "./durable-functions.ts";

let aws: FakeAws;
let lambda: LambdaClient;

beforeAll(async () => {
	aws = await startFakeAws({ secrets: {}, snapshotHandler: async () => counting });
	({ lambda } = clientsOf(aws));
});
afterAll(() => aws.close());

const invoke = (name: string | undefined, payload: object | string, functionName = FUNCTION_ARN) =>
	lambda.send(
		new InvokeCommand({
			FunctionName: functionName,
			InvocationType: "Event",
			DurableExecutionName: name,
			Payload: Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
		}),
	);

const status = (arn: string | undefined) => lambda.send(new GetDurableExecutionCommand({ DurableExecutionArn: arn }));

const ended = (arn: string | undefined) => aws.runs.find((run) => run.arn === arn)?.ended;

test("an invocation starts an execution, whose status is RUNNING and then SUCCEEDED, with its result", async () => {
	const started = await invoke("started", { polls: 2 });
	const during = await status(started.DurableExecutionArn);
	await ended(started.DurableExecutionArn);
	const after = await status(started.DurableExecutionArn);

	expect(started).toMatchObject({ StatusCode: 202 });
	expect(started.DurableExecutionArn).toMatch(/:function:snapshot:1\/durable-execution\/started\/[\w-]+$/);
	expect(during).toMatchObject({ DurableExecutionName: "started", Status: "RUNNING", InputPayload: '{"polls":2}' });
	expect(during.EndTimestamp).toBeUndefined();
	expect(after).toMatchObject({ Status: "SUCCEEDED", Result: '{"taken":"taken","polls":2}' });
	expect(after.EndTimestamp?.getTime()).toBeGreaterThanOrEqual((after.StartTimestamp?.getTime() ?? 0) + 1000);
});

test("the history can be read while the execution waits, with the results of its steps", async () => {
	const { DurableExecutionArn } = await invoke("history", { polls: 2 });
	const read = (options = {}) =>
		lambda.send(new GetDurableExecutionHistoryCommand({ DurableExecutionArn, ...options }));
	const names = async () => (await read()).Events?.map(({ Name }) => Name);
	await expect.poll(names).toContain("follow");
	const waiting = await read();
	await ended(DurableExecutionArn);
	const whole = await read();
	const bare = await read({ IncludeExecutionData: false });

	expect(waiting.Events?.find(({ EventType }) => EventType === "StepSucceeded")).toMatchObject({
		Name: "take",
		StepSucceededDetails: { Result: { Payload: '"taken"' } },
	});
	expect(waiting.Events?.[0]?.EventTimestamp).toBeInstanceOf(Date);
	expect(whole.Events?.map(({ EventType }) => EventType)).toEqual([
		...["ExecutionStarted", "StepStarted", "StepSucceeded", "StepStarted", "StepSucceeded", "InvocationCompleted"],
		...["StepStarted", "StepSucceeded", "InvocationCompleted", "ExecutionSucceeded"],
	]);
	expect(JSON.stringify(bare.Events)).not.toContain("taken");
});

test("a history longer than a page is read page by page", async () => {
	const { DurableExecutionArn } = await invoke("pages", { polls: 1 });
	await ended(DurableExecutionArn);
	const ids: (number | undefined)[] = [];
	for (let Marker: string | undefined = "0"; Marker !== undefined; ) {
		const page: { Events?: { EventId?: number }[]; NextMarker?: string } = await lambda.send(
			new GetDurableExecutionHistoryCommand({ DurableExecutionArn, MaxItems: 3, Marker }),
		);
		ids.push(...(page.Events ?? []).map(({ EventId }) => EventId));
		Marker = page.NextMarker;
	}

	expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("the same name with the same payload is the same execution, and the function runs once", async () => {
	const twins = await Promise.all(Array.from({ length: 5 }, () => invoke("twin", { polls: 1 })));
	const listed = await lambda.send(
		new ListDurableExecutionsByFunctionCommand({ FunctionName: FUNCTION_ARN, DurableExecutionName: "twin" }),
	);

	expect(new Set(twins.map(({ DurableExecutionArn }) => DurableExecutionArn)).size).toBe(1);
	expect(listed.DurableExecutions).toHaveLength(1);
});

test("the same name with another payload is refused, also after the first has ended", async () => {
	const { DurableExecutionArn } = await invoke("taken", { polls: 1 });
	const during = invoke("taken", { polls: 3 });
	await expect(during).rejects.toMatchObject({ name: "DurableExecutionAlreadyStartedException" });
	await ended(DurableExecutionArn);

	await expect(invoke("taken", { polls: 3 })).rejects.toMatchObject({
		name: "DurableExecutionAlreadyStartedException",
		$metadata: { httpStatusCode: 409 },
	});
});

test("executions are listed by their start and their status", async () => {
	const { DurableExecutionArn } = await invoke("listed", { polls: 1 });
	await ended(DurableExecutionArn);
	const startedAt = aws.runs.find(({ name }) => name === "listed")?.startedAt ?? 0;
	const list = async (filter: object) => {
		const command = { FunctionName: FUNCTION_ARN, DurableExecutionName: "listed", ...filter };
		return (await lambda.send(new ListDurableExecutionsByFunctionCommand(command))).DurableExecutions?.length;
	};

	expect(await list({ Statuses: ["SUCCEEDED", "FAILED"], StartedAfter: new Date(startedAt - 1000) })).toBe(1);
	expect(await list({ Statuses: ["RUNNING"] })).toBe(0);
	expect(await list({ StartedAfter: new Date(startedAt + 1000) })).toBe(0);
	expect(await list({ StartedBefore: new Date(startedAt - 1000) })).toBe(0);
});

test("an execution that throws has the status FAILED and its error", async () => {
	const { DurableExecutionArn } = await invoke("failing", { polls: 1, fail: true });
	await ended(DurableExecutionArn);
	const failed = await status(DurableExecutionArn);

	expect(failed).toMatchObject({
		Status: "FAILED",
		Error: { ErrorType: "INCOMPLETE", ErrorMessage: "not every target completed" },
	});
	expect(failed.Result).toBeUndefined();
});

test("an execution chains others of the same function by the ARN in its context", async () => {
	const { DurableExecutionArn } = await invoke("chained", { polls: 1, parts: 3 });
	await ended(DurableExecutionArn);
	const part = { taken: "taken", polls: 1 };

	expect(JSON.parse((await status(DurableExecutionArn)).Result ?? "")).toEqual({ ...part, parts: [part, part, part] });
});

test.each([
	["an unqualified function", "a", {}, FUNCTION_ARN.replace(":live", ""), "InvalidParameterValueException"],
	["an unknown function", "a", {}, "other:live", "ResourceNotFoundException"],
	["an unknown alias", "a", {}, FUNCTION_ARN.replace("live", "dead"), "ResourceNotFoundException"],
	["a name with other characters", "a b", {}, FUNCTION_ARN, "InvalidParameterValueException"],
	["a name of 65 characters", "a".repeat(65), {}, FUNCTION_ARN, "InvalidParameterValueException"],
	["a payload that is no JSON", "a", "{", FUNCTION_ARN, "InvalidRequestContentException"],
	["a payload over 1 MB", "a", `"${"x".repeat(1024 * 1024)}"`, FUNCTION_ARN, "RequestTooLargeException"],
])("an invocation of %s is refused and starts nothing", async (_what, name, payload, functionName, error) => {
	const before = aws.runs.length;

	await expect(invoke(name, payload, functionName)).rejects.toMatchObject({ name: error });
	expect(aws.runs).toHaveLength(before);
});

test("an execution that nobody started is not found", async () => {
	const arn = `${FUNCTION_ARN.replace("live", "1")}/durable-execution/nobody/0`;

	await expect(status(arn)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
	const { DurableExecutions } = await lambda.send(
		new ListDurableExecutionsByFunctionCommand({ FunctionName: FUNCTION_ARN, DurableExecutionName: "nobody" }),
	);
	expect(DurableExecutions).toEqual([]);
});
