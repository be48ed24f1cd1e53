import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { expect, test } from "vitest";
import { startFakeAws } from "../../../local/aws/index.ts";
import { FUNCTION_ARN } from "../../../local/aws/protocol.ts";
import { clientsOf } from "./clients.ts";
import { counting } from "./durable-functions.ts";

test("twenty polls with waits between them take no time where time is skipped", { timeout: 8000 }, async () => {
	const aws = await startFakeAws({ secrets: {}, snapshotHandler: async () => counting, skipTime: true });
	const { lambda } = clientsOf(aws);
	await lambda.send(
		new InvokeCommand({
			FunctionName: FUNCTION_ARN,
			InvocationType: "Event",
			DurableExecutionName: "skipped",
			Payload: Buffer.from('{"polls":20}'),
		}),
	);
	await aws.runs[0]?.ended;

	expect(aws.runs[0]).toMatchObject({ status: "SUCCEEDED", result: '{"taken":"taken","polls":20}' });
	await expect(startFakeAws({ secrets: {}, snapshotHandler: async () => counting })).rejects.toThrow("another clock");
	await aws.close();
});

/** Waits in branches, begun in this order, and returns the seconds after which each had ended. */
const waiting = withDurableExecution(async (seconds: readonly number[], durable) => {
	const startedAt = await durable.step("start", async () => Date.now());
	const ended = await durable.map("waits", [...seconds], async (branch, wait) => {
		await branch.wait("wait", { seconds: wait });
		return branch.step("end", async () => Math.round((Date.now() - startedAt) / 1000));
	});
	return ended.getResults();
});

test("where time is skipped, waits end in the order of their times, whichever began first", async () => {
	const aws = await startFakeAws({ secrets: {}, snapshotHandler: async () => waiting, skipTime: true });
	const { lambda } = clientsOf(aws);
	await lambda.send(
		new InvokeCommand({
			FunctionName: FUNCTION_ARN,
			InvocationType: "Event",
			DurableExecutionName: "waits",
			Payload: Buffer.from("[86400,600,3600]"),
		}),
	);
	await aws.runs[0]?.ended;

	const ends: readonly number[] = JSON.parse(aws.runs[0]?.result ?? "[]");
	expect(ends.map((end) => Math.round(end / 60))).toEqual([1440, 10, 60]);
	await aws.close();
});
