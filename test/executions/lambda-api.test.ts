import { LambdaClient } from "@aws-sdk/client-lambda";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Run } from "../../lambda/domain/run.ts";
import { createDurableExecutions, toExecutionPayload, withoutQualifier } from "../../lambda/executions/lambda-api.ts";
import { startServer } from "../harness/loopback.ts";

const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:snapshot";

const bytes = (run: Run) => Buffer.from(toExecutionPayload(run)).toString();

const run: Run = {
	run: "http-1",
	trigger: "http",
	requestedBy: "local",
	request: { clusters: { tags: { b: "1", a: "2" } }, retentionInDays: 7, onConflict: "join", deadlineMinutes: 60 },
};

test("the same run with its keys in another order has the same bytes", () => {
	const { request } = run;
	const twin: Run = {
		request: { ...request, clusters: { tags: { a: "2", b: "1" } } },
		trigger: "http",
		requestedBy: "local",
		run: "http-1",
	};

	expect(bytes(twin)).toBe(bytes(run));
});

test("other values have other bytes, and so has another order of names", () => {
	const withNames = (...clusters: string[]): Run => ({ ...run, request: { ...run.request, clusters } });

	expect(bytes(withNames("a", "b"))).not.toBe(bytes(withNames("b", "a")));
	expect(bytes({ ...run, slot: "x" })).not.toBe(bytes(run));
});

test("the payload is the run as JSON, for any tags", () => {
	fc.assert(
		fc.property(fc.dictionary(fc.string(), fc.string()), (tags) => {
			const tagged: Run = { ...run, request: { ...run.request, clusters: { tags } } };
			expect(JSON.parse(bytes(tagged))).toEqual(JSON.parse(JSON.stringify(tagged)));
		}),
	);
});

test("a history of several pages is read whole, in order", async () => {
	const pages = [
		{ Events: [{ EventId: 1 }, { EventId: 2 }], NextMarker: "second" },
		{ Events: [{ EventId: 3 }], NextMarker: "third" },
		{ Events: [{ EventId: 4 }] },
	];
	const markers: (string | null)[] = [];
	await using server = await startServer((request, response) => {
		const marker = new URL(request.url ?? "", "http://localhost").searchParams.get("Marker");
		markers.push(marker);
		const page = pages[["second", "third"].indexOf(marker ?? "") + 1];
		response.setHeader("content-type", "application/json").end(JSON.stringify(page));
	});
	const credentials = { accessKeyId: "a", secretAccessKey: "b" };
	const lambda = new LambdaClient({ region: "us-east-1", endpoint: server.url, credentials });

	const events = await createDurableExecutions(lambda, FUNCTION).history(`${FUNCTION}:1/durable-execution/run/1`);

	lambda.destroy();
	expect(events.map(({ EventId }) => EventId)).toEqual([1, 2, 3, 4]);
	expect(markers).toEqual([null, "second", "third"]);
});

test.each([
	[`${FUNCTION}:live`, FUNCTION],
	[FUNCTION, FUNCTION],
	["snapshot:live", "snapshot"],
])("executions are listed by function, not by alias: %s", (given, listed) => {
	expect(withoutQualifier(given)).toBe(listed);
});
