import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { expect, test } from "vitest";
import { createDurableExecutions } from "../../lambda/executions/lambda-api.ts";

const ARN = "arn:aws:lambda:us-east-1:123456789012:function:snapshot:1/durable-execution/run/1";

test("a history of several pages is read whole, in order", async () => {
	const pages = [
		{ Events: [{ EventId: 1 }, { EventId: 2 }], NextMarker: "second" },
		{ Events: [{ EventId: 3 }], NextMarker: "third" },
		{ Events: [{ EventId: 4 }] },
	];
	const markers: (string | null)[] = [];
	await using server = createServer((request, response) => {
		const marker = new URL(request.url ?? "", "http://localhost").searchParams.get("Marker");
		markers.push(marker);
		const page = pages[["second", "third"].indexOf(marker ?? "") + 1];
		response.setHeader("content-type", "application/json").end(JSON.stringify(page));
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const lambda = new LambdaClient({
		region: "us-east-1",
		endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		credentials: { accessKeyId: "a", secretAccessKey: "b" },
	});

	const events = await createDurableExecutions(
		lambda,
		"arn:aws:lambda:us-east-1:123456789012:function:snapshot",
	).history(ARN);

	lambda.destroy();
	expect(events.map(({ EventId }) => EventId)).toEqual([1, 2, 3, 4]);
	expect(markers).toEqual([null, "second", "third"]);
});
