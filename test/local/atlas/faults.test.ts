import { once } from "node:events";
import { Agent, get } from "node:http";
import { describe, expect, test } from "vitest";
import { type AtlasSimulator, type Fault, startAtlas } from "../../../local/atlas/index.ts";
import { API, createCaller, V } from "./caller.ts";

const stored = (atlas: AtlasSimulator): number => atlas.state.cluster(atlas.projectId, "prod-a").snapshots.length;

/** Takes a snapshot of prod-a while a fault applies to it. */
async function takeUnder(atlas: AtlasSimulator, action: Fault["do"]) {
	const { take } = await createCaller(atlas);
	atlas.faults.add({ on: { kind: "take" }, do: action });
	return take("prod-a").catch(() => "no reply" as const);
}

describe("a fault", () => {
	test.each<[string, Fault["do"], number]>([
		["dropped before it is executed", { type: "drop", when: "before" }, 0],
		["dropped after it was executed", { type: "drop", when: "after" }, 1],
		["cut within its body", { type: "cut", bytes: 20 }, 1],
		["cut before its body", { type: "cut", bytes: 0 }, 1],
		["cut at its last byte", { type: "cut", bytes: 1_000_000 }, 1],
	])("leaves a request without a whole reply: %s", async (_, action, snapshots) => {
		await using atlas = await startAtlas();
		expect(await takeUnder(atlas, action)).toBe("no reply");
		expect(stored(atlas)).toBe(snapshots);
		expect(atlas.log.at(-1)).toMatchObject({ kind: "take", status: null, executed: snapshots === 1 });
		const { get, snapshots: pathOf } = await createCaller(atlas);
		expect((await get(pathOf("prod-a"))).json.results).toHaveLength(snapshots);
	});

	test.each<[Fault["do"], number, string, number]>([
		[{ type: "html" }, 502, "text/html", 0],
		[{ type: "html", status: 200, executed: true }, 200, "text/html", 1],
		[{ type: "status", status: 503, errorCode: "SERVICE_UNAVAILABLE" }, 503, "application/json", 0],
		[{ type: "status", status: 500, executed: true }, 500, "application/json", 1],
		[{ type: "garbage" }, 200, "application/vnd.atlas.2023-01-01+json;charset=utf-8", 1],
		[{ type: "contentType", value: "text/plain" }, 200, "text/plain", 1],
		[{ type: "body", value: "{}" }, 200, "application/vnd.atlas.2023-01-01+json;charset=utf-8", 1],
		[{ type: "delay", ms: 5 }, 200, "application/vnd.atlas.2023-01-01+json;charset=utf-8", 1],
		[{ type: "delay", ms: 5, when: "after" }, 200, "application/vnd.atlas.2023-01-01+json;charset=utf-8", 1],
	])("replaces the reply: %j", async (action, status, type, snapshots) => {
		await using atlas = await startAtlas();
		const reply = await takeUnder(atlas, action);
		if (reply === "no reply") throw new Error("a reply was due");
		expect([reply.status, reply.headers.get("content-type"), stored(atlas)]).toEqual([status, type, snapshots]);
		if (action.type === "garbage" || action.type === "html") expect(reply.json).toBeUndefined();
		if (action.type === "status") expect(reply.json.error).toBe(status);
	});

	test("says how long to wait, and with which parameters, where the settings say so", async () => {
		await using atlas = await startAtlas();
		const reply = await takeUnder(atlas, {
			type: "status",
			status: 429,
			errorCode: "RATE_LIMITED",
			parameters: ["x", 7],
			retryAfter: 9,
		});
		expect(reply).toMatchObject({ status: 429, json: { parameters: ["x", 7] } });
		expect(reply !== "no reply" && reply.headers.get("retry-after")).toBe("9");
	});

	test("repeats a request: a second execution meets the first", async () => {
		await using atlas = await startAtlas();
		const first = await takeUnder(atlas, { type: "repeat" });
		expect(first).toMatchObject({ status: 200 });
		atlas.state.cluster(atlas.projectId, "prod-a").snapshots.length = 0;
		const second = await takeUnder(atlas, { type: "repeat", answer: "second" });
		expect(second).toMatchObject({ status: 400, json: { errorCode: "UNFINISHED_ON_DEMAND_SNAPSHOT" } });
		expect(stored(atlas)).toBe(1);
	});

	test("applies to the n-th request of its kind and cluster, as often as `times` says, and no other", async () => {
		await using atlas = await startAtlas();
		const { get, snapshots } = await createCaller(atlas);
		const fault = atlas.faults.add({
			on: { kind: "list", cluster: "prod-b", nth: 2, times: 2 },
			do: { type: "status", status: 500 },
		});
		const statuses: number[] = [];
		for (const name of ["prod-b", "prod-a", "prod-b", "prod-a", "prod-b", "prod-b"])
			statuses.push((await get(snapshots(name))).status);
		expect(statuses).toEqual([200, 200, 500, 200, 500, 200]);
		expect(fault.fired).toBe(2);
	});

	test("applies to as many requests as fit into a fraction of `times`", async () => {
		await using atlas = await startAtlas();
		const { get } = await createCaller(atlas);
		const fault = atlas.faults.add({ on: { kind: "groups", times: 1.5 }, do: { type: "html" } });
		expect([(await get("/groups")).status, (await get("/groups")).status, fault.fired]).toEqual([502, 200, 1]);
	});

	test("lasts until it is removed or the plan is cleared, where it is to be always", async () => {
		await using atlas = await startAtlas();
		const { get } = await createCaller(atlas);
		const always = { on: { kind: "any", times: "always" }, do: { type: "status", status: 500 } } as const;
		const fault = atlas.faults.add(always);
		expect([(await get("/groups")).status, (await get("/groups")).status]).toEqual([500, 500]);
		fault.remove();
		expect((await get("/groups")).status).toBe(200);
		atlas.faults.add(always);
		atlas.faults.clear();
		expect((await get("/groups")).status).toBe(200);
	});

	test("can apply to the challenge alone, and the token alone", async () => {
		await using atlas = await startAtlas();
		atlas.faults.add({ on: { kind: "challenge" }, do: { type: "html" } });
		const { get } = await createCaller(atlas);
		expect((await get("/groups")).status).toBe(200);
		expect((await fetch(`${atlas.url}${API}/groups`, { headers: { accept: V } })).status).toBe(502);
		atlas.faults.add({ on: { kind: "token" }, do: { type: "status", status: 503 } });
		const refused = await fetch(`${atlas.url}/api/oauth/token`, { method: "POST" });
		expect(refused.status).toBe(503);
	});

	test("is refused where it is malformed", async () => {
		await using atlas = await startAtlas();
		expect(() => atlas.faults.add({ on: { kind: "take", nth: 0 }, do: { type: "garbage" } })).toThrow();
	});
});

test("logs what came in, as what, and whether it was executed, but never a credential", async () => {
	await using atlas = await startAtlas({ snapshotSeconds: 60 });
	const { take } = await createCaller(atlas);
	await take("prod-a");
	await take("prod-a");
	expect(atlas.log.map(({ kind, scheme, status, executed }) => [kind, scheme, status, executed])).toEqual([
		["token", "basic", 200, true],
		["take", "bearer", 200, true],
		["take", "bearer", 400, false],
	]);
	expect(JSON.stringify(atlas.log)).not.toContain(atlas.clientSecret);
});

test("closes idle connections on request, as a server does while a client is frozen", async () => {
	await using atlas = await startAtlas();
	const agent = new Agent({ keepAlive: true });
	const [response] = await once(get(`${atlas.url}${API}/groups`, { agent }), "response");
	const closed = once(response.socket, "close");
	response.resume();
	await once(response, "end");
	atlas.closeIdleConnections();
	expect(await closed).toEqual([false]);
	agent.destroy();
});
