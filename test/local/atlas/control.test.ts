import { once } from "node:events";
import { type IncomingMessage, request as send } from "node:http";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { type AtlasSimulator, startAtlas } from "../../../local/atlas/index.ts";
import { createCaller, read } from "./caller.ts";

const control = async (atlas: AtlasSimulator, method: string, name: string, body?: unknown) =>
	read(
		await fetch(`${atlas.url}/_control/${name}`, {
			method,
			...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
		}),
	);

test.each([
	["a name that was pointed at this machine", { host: "evil.example" }],
	["a page of another origin", { origin: "https://evil.example" }],
	["a page without an origin", { origin: "null" }],
	["a page of another port", { origin: "http://127.0.0.1:3000" }],
])("a web page can neither read its keys nor change it: %s", async (_what, headers) => {
	await using atlas = await startAtlas();
	const { port } = new URL(atlas.url);
	for (const [method, name] of [
		["GET", "world"],
		["POST", "world"],
		["POST", "clock"],
		["DELETE", "log"],
	]) {
		const request = send({ host: "127.0.0.1", port, method, path: `/_control/${name}`, headers });
		request.end(method === "POST" ? JSON.stringify({ rotateKeys: true, advanceSeconds: 60 }) : undefined);
		const [response] = (await once(request, "response")) as [IncomingMessage];
		expect(response.statusCode).toBe(403);
		expect(await text(response)).not.toContain(atlas.privateKey);
	}
});

test("faults can be added and cleared from outside", async () => {
	await using atlas = await startAtlas();
	const { get } = await createCaller(atlas);
	const fault = { on: { kind: "groups", times: "always" }, do: { type: "html" } };
	expect((await control(atlas, "POST", "faults", fault)).status).toBe(204);
	expect((await get("/groups")).status).toBe(502);
	expect((await control(atlas, "DELETE", "faults")).status).toBe(204);
	expect((await get("/groups")).status).toBe(200);
});

test("shows and empties the log, in which it does not appear itself", async () => {
	await using atlas = await startAtlas();
	const { get } = await createCaller(atlas);
	await get("/groups");
	const kinds = (await control(atlas, "GET", "log")).json.map(({ kind }: { kind: string }) => kind);
	expect(kinds).toEqual(["token", "groups"]);
	await control(atlas, "DELETE", "log");
	expect((await control(atlas, "GET", "log")).json).toEqual([]);
});

test("its state can be changed from outside: settings, roles, clusters, policies, keys, other people's snapshots", async () => {
	await using atlas = await startAtlas();
	const { projectId } = atlas;
	const { take, get, snapshots } = await createCaller(atlas);
	const oldKey = atlas.publicKey;
	const { json } = await control(atlas, "POST", "world", {
		settings: { itemsPerPage: 37, buckets: { backups: { capacity: 9, refillRate: 1, refillSeconds: 1 } } },
		projects: { [projectId]: { compliancePolicy: { onDemandDays: 3 } } },
		clusters: [{ projectId, cluster: "prod-b", set: { paused: true } }],
		addClusters: [{ projectId, cluster: "new", set: { kind: "sharded" } }],
		removeClusters: [{ projectId, cluster: "scratch" }],
		take: [{ projectId, cluster: "prod-a", description: "somebody else's", plan: { seconds: 600 } }],
		rotateKeys: true,
	});
	expect(json.settings.itemsPerPage).toBe(37);
	expect(json.settings.buckets.clusters.capacity).toBe(10000);
	expect(json.keys.publicKey).not.toBe(oldKey);
	expect(atlas.clusters).toEqual(["prod-a", "events", "new"]);
	expect((await take("prod-a", { retentionInDays: 3 })).json.errorCode).toBe("UNFINISHED_ON_DEMAND_SNAPSHOT");
	expect((await take("new", { retentionInDays: 1 })).json.errorCode).toMatch(/COMPLIANCE_POLICY$/);
	const theirs = (await get(snapshots("prod-a"))).json.results[0];
	expect(theirs).toMatchObject({ description: "somebody else's" });
	const named = { projectId, cluster: "prod-a", snapshotId: theirs.id };
	await control(atlas, "POST", "world", { removeSnapshots: [named], roles: [], retireOldKeys: true });
	expect((await get("/groups")).status).toBe(401);
	expect((await (await createCaller(atlas)).get(snapshots("prod-a"))).json.errorCode).toBe("USER_UNAUTHORIZED");
});

test("describes projects, clusters, snapshots and rate limits", async () => {
	await using atlas = await startAtlas({ now: () => 1_000_000, projects: [{ clusters: ["a"], tags: { team: "x" } }] });
	const { take } = await createCaller(atlas);
	await take("a");
	const { json } = await control(atlas, "GET", "world");
	const [project] = json.projects;
	const [cluster] = project.clusters;
	const [snapshot] = cluster.snapshots;
	expect(project).toMatchObject({
		tags: [{ key: "team", value: "x" }],
		buckets: { backups: { tokens: 1199, steppedAt: 1_000_000 } },
	});
	expect(cluster).toEqual({
		id: expect.any(String),
		name: "a",
		kind: "replicaSet",
		shards: 1,
		stateName: "IDLE",
		backupEnabled: true,
		paused: false,
		tags: [],
		instanceSize: "M10",
		providers: ["AWS"],
		mongoDBVersion: "8.0.29",
		sizeBytes: 1582854144,
		createdAt: 1_000_000,
		plan: {},
		nextPlans: [],
		snapshots: [snapshot],
	});
	expect(Object.keys(snapshot).toSorted()).toEqual([
		"copyRegions",
		"description",
		"ending",
		"id",
		"members",
		"now",
		"requestedAt",
		"retention",
		"seconds",
		"sharded",
		"snapshotType",
	]);
});

test("moves the clock on", async () => {
	await using atlas = await startAtlas({ snapshotSeconds: 3000 });
	const { take, get, snapshots } = await createCaller(atlas);
	const path = `${snapshots("prod-a")}/${(await take("prod-a")).json.id}`;
	expect((await get(path)).json.status).toBe("queued");
	await control(atlas, "POST", "clock", { advanceSeconds: 3000 });
	expect((await get(path)).json.status).toBe("completed");
});

test.each([
	["POST", "world", { settings: { snapshotsSeconds: 1 } }, 400],
	["POST", "world", { clusters: [{ projectId: "none", cluster: "x", set: {} }] }, 400],
	["POST", "faults", { on: { kind: "take" }, do: { type: "explode" } }, 400],
	["POST", "faults", "not json", 400],
	["POST", "clock", { advanceSeconds: -1 }, 400],
	["GET", "nothing", undefined, 404],
])("refuses %s %s with %j", async (method, name, body, status) => {
	await using atlas = await startAtlas();
	const reply = await control(atlas, method, name, body);
	expect(reply.status).toBe(status);
	expect(reply.json.detail).toBeDefined();
});
