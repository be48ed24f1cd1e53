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
