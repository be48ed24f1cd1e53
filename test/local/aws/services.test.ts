import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { GetFunctionCommand, InvokeCommand, ListDurableExecutionsByFunctionCommand } from "@aws-sdk/client-lambda";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { afterEach, expect, test } from "vitest";
import { type FakeAws, startFakeAws } from "../../../local/aws/index.ts";
import { FUNCTION_ARN } from "../../../local/aws/protocol.ts";
import type { AwsFaults } from "../../../local/aws/server.ts";
import { clientsOf } from "./clients.ts";
import { counting } from "./durable-functions.ts";

let aws: FakeAws | undefined;
afterEach(() => aws?.close());

async function start(faults?: AwsFaults, maxAttempts = 1) {
	aws = await startFakeAws({
		secrets: { atlas: "{}" },
		snapshotHandler: async () => counting,
		...(faults && { faults }),
	});
	return { aws, ...clientsOf(aws, maxAttempts) };
}

const entry = (more: PutEventsRequestEntry = {}): PutEventsRequestEntry => ({
	EventBusName: "snapshots",
	Source: "atlas.snapshots",
	DetailType: "Atlas Snapshot State Change",
	Detail: '{"state":"STARTED"}',
	...more,
});

test("a secret is read by name and by ARN, and a new version takes its place", async () => {
	const { aws, secretsManager } = await start();
	const read = (SecretId: string, VersionStage?: string) =>
		secretsManager.send(new GetSecretValueCommand({ SecretId, VersionStage }));
	const first = await read("atlas");
	aws.secrets.put("atlas", '{"new":true}');
	const second = await read(first.ARN ?? "");
	const previous = await read("atlas", "AWSPREVIOUS");

	expect(first).toMatchObject({ Name: "atlas", SecretString: "{}", VersionStages: ["AWSCURRENT"] });
	expect(first.CreatedDate).toBeInstanceOf(Date);
	expect(second.SecretString).toBe('{"new":true}');
	expect(second.VersionId).not.toBe(first.VersionId);
	expect(previous).toMatchObject({ SecretString: "{}", VersionId: first.VersionId });
});

test.each([
	["Secrets Manager", "application/x-amz-json-1.1"],
	["EventBridge", "application/x-amz-json-1.1"],
	["Lambda", "application/json"],
] as const)("%s replies, and refuses, as %s", async (service, type) => {
	const { secretsManager, eventBridge, lambda } = await start(({ nth }) =>
		nth === 1 ? undefined : { do: "fail", status: 500, code: "InternalFailure" },
	);
	const send = {
		"Secrets Manager": () => secretsManager.send(new GetSecretValueCommand({ SecretId: "atlas" })),
		EventBridge: () => eventBridge.send(new PutEventsCommand({ Entries: [entry()] })),
		Lambda: () => lambda.send(new ListDurableExecutionsByFunctionCommand({ FunctionName: FUNCTION_ARN })),
	}[service];
	const types: unknown[] = [];
	const onResponse = (message: unknown) =>
		types.push((message as { response: IncomingMessage }).response.headers["content-type"]);
	subscribe("http.client.response.finish", onResponse);
	await send();
	await expect(send()).rejects.toMatchObject({ name: "InternalFailure" });
	unsubscribe("http.client.response.finish", onResponse);

	expect(types).toEqual([type, type]);
});

test("a secret that isn't there, or was removed, is not found", async () => {
	const { aws, secretsManager } = await start();
	const read = (SecretId: string) => secretsManager.send(new GetSecretValueCommand({ SecretId }));
	aws.secrets.remove("atlas");

	await expect(read("other")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
	await expect(read("atlas")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});

test("events are accepted one by one, kept in order and passed to listeners", async () => {
	const { aws, eventBridge } = await start();
	const states: unknown[] = [];
	const stop = aws.onEvent(({ detail }) => states.push(detail["state"]));
	const put = (...Entries: PutEventsRequestEntry[]) => eventBridge.send(new PutEventsCommand({ Entries }));
	const reply = await put(entry(), entry({ Detail: "{" }), entry({ Detail: '{"state":"COMPLETED"}' }));
	stop();
	await put(entry());

	expect(reply.FailedEntryCount).toBe(1);
	expect(reply.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([undefined, "MalformedDetail", undefined]);
	expect(states).toEqual(["STARTED", "COMPLETED"]);
	expect(aws.events).toHaveLength(3);
	expect(aws.events[0]).toMatchObject({
		id: reply.Entries?.[0]?.EventId,
		source: "atlas.snapshots",
		"detail-type": "Atlas Snapshot State Change",
		detail: { state: "STARTED" },
	});
});

test.each([
	["no entry", []],
	["eleven entries", Array.from({ length: 11 }, () => entry())],
	["more than 256 KB", [entry({ Detail: JSON.stringify({ text: "x".repeat(256 * 1024) }) })]],
])("a call with %s is refused as a whole", async (_what, Entries) => {
	const { aws, eventBridge } = await start();

	await expect(eventBridge.send(new PutEventsCommand({ Entries }))).rejects.toMatchObject({
		name: "ValidationException",
	});
	expect(aws.events).toEqual([]);
});

test("entries are refused where a fault says so, while the call succeeds", async () => {
	const { aws, eventBridge } = await start(({ operation, nth }) =>
		operation === "PutEvents" && nth === 1 ? { do: "refuse-entries", count: 1, code: "InternalFailure" } : undefined,
	);
	const put = () => eventBridge.send(new PutEventsCommand({ Entries: [entry(), entry()] }));
	const first = await put();
	const second = await put();

	expect(first.Entries).toMatchObject([{ ErrorCode: "InternalFailure" }, { EventId: aws.events[0]?.id }]);
	expect(second.FailedEntryCount).toBe(0);
	expect(aws.events).toHaveLength(3);
});

test("a call fails where a fault says so, and the SDK's own retry is the next call", async () => {
	const calls: number[] = [];
	const { eventBridge } = await start(({ nth }) => {
		calls.push(nth);
		return nth === 1 ? { do: "fail", status: 500, code: "InternalException" } : undefined;
	}, 3);
	const reply = await eventBridge.send(new PutEventsCommand({ Entries: [entry()] }));

	expect(reply.FailedEntryCount).toBe(0);
	expect(calls).toEqual([1, 2]);
});

test("a call whose reply is dropped was executed, a dropped call was not", async () => {
	const { aws, lambda } = await start(({ nth }) => ({ do: "drop", when: nth === 1 ? "before" : "after" }));
	const invoke = () =>
		lambda.send(
			new InvokeCommand({
				FunctionName: FUNCTION_ARN,
				InvocationType: "Event",
				DurableExecutionName: "dropped",
				Payload: Buffer.from('{"polls":1}'),
			}),
		);

	await expect(invoke()).rejects.toThrow();
	expect(aws.runs).toHaveLength(0);
	await expect(invoke()).rejects.toThrow();
	expect(aws.runs).toHaveLength(1);
	await aws.runs[0]?.ended;
});

test("a request that no fake service knows is not answered as if it were", async () => {
	const { lambda } = await start();

	await expect(lambda.send(new GetFunctionCommand({ FunctionName: "snapshot" }))).rejects.toMatchObject({
		$metadata: { httpStatusCode: 404 },
	});
});

test("each process has an access key of its own, and no other reads the secret or starts a run", async () => {
	const first = await start();
	const second = await startFakeAws({ secrets: { atlas: "{}" }, snapshotHandler: async () => counting });
	const { accessKeyId, secretAccessKey } = second.credentials;
	const keys = [
		first.aws.credentials,
		{ accessKeyId: "local", secretAccessKey: "local" },
		{ accessKeyId, secretAccessKey: "local" },
		{ accessKeyId: "local", secretAccessKey },
		{ ...second.credentials, secretAccessKey: "" },
	];

	for (const credentials of keys) {
		const { secretsManager, eventBridge, lambda } = clientsOf({ url: second.url, credentials });
		const refused = { name: "InvalidSignatureException", $metadata: { httpStatusCode: 403 } };
		await expect(secretsManager.send(new GetSecretValueCommand({ SecretId: "atlas" }))).rejects.toMatchObject(refused);
		await expect(eventBridge.send(new PutEventsCommand({ Entries: [entry()] }))).rejects.toMatchObject(refused);
		const invoke = new InvokeCommand({
			FunctionName: FUNCTION_ARN,
			InvocationType: "Event",
			Payload: Buffer.from("{}"),
		});
		await expect(lambda.send(invoke)).rejects.toMatchObject(refused);
	}
	await second.close();

	expect([second.events, second.runs]).toEqual([[], []]);
	expect(new Set([first.aws, second].map(({ credentials }) => credentials.secretAccessKey)).size).toBe(2);
});
