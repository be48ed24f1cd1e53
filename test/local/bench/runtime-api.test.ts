import { afterEach, beforeEach, expect, test } from "vitest";
import { FUNCTION_ARN } from "../../../local/aws/protocol.ts";
import { type RuntimeApi, startRuntimeApi } from "../../../local/bench/runtime-api.ts";

let api: RuntimeApi;
beforeEach(async () => {
	api = await startRuntimeApi();
});
afterEach(() => api[Symbol.asyncDispose]());

const call = (path: string, init: RequestInit = {}) => fetch(`http://${api.address}/2018-06-01/runtime/${path}`, init);
const post = (path: string, body: unknown) => call(path, { method: "POST", body: JSON.stringify(body) });

/** Takes the next event, as a runtime client does. */
async function next() {
	const reply = await call("invocation/next");
	const event: unknown = await reply.json();
	return { id: reply.headers.get("lambda-runtime-aws-request-id"), headers: reply.headers, event };
}

test("an event is delivered with its headers, and its result comes back", async () => {
	const result = api.invoke({ n: 1 });
	const { id, headers, event } = await next();
	await post(`invocation/${id}/response`, { doubled: 2 });

	expect(event).toEqual({ n: 1 });
	expect(headers.get("lambda-runtime-invoked-function-arn")).toBe(FUNCTION_ARN);
	expect(Number(headers.get("lambda-runtime-deadline-ms"))).toBeGreaterThan(Date.now());
	await expect(result).resolves.toEqual({ doubled: 2 });
	await expect(api.started).resolves.toBeUndefined();
	expect(api.invocationMs).toHaveLength(1);
});

test("who asks before there is an event waits for it", async () => {
	const asked = next();
	await api.started;
	const result = api.invoke("late");
	const { id, event } = await asked;
	await post(`invocation/${id}/response`, null);

	expect(event).toBe("late");
	await expect(result).resolves.toBeNull();
});

test("what the handler threw, and what broke the start, is thrown here", async () => {
	const result = api.invoke({});
	result.catch(() => {});
	await post(`invocation/${(await next()).id}/error`, { errorType: "Error", errorMessage: "no keys" });
	await expect(result).rejects.toThrow("no keys");

	await using other = await startRuntimeApi();
	const path = "2018-06-01/runtime/init/error";
	await fetch(`http://${other.address}/${path}`, { method: "POST", body: '{"errorMessage":"no handler"}' });
	await expect(other.started).rejects.toThrow("no handler");
});

test("a result of an event that was not given is refused", async () => {
	expect((await post("invocation/unknown/response", 1)).status).toBe(404);
});
