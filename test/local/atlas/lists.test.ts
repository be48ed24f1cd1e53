import { describe, expect, test } from "vitest";
import { startAtlas, takeSnapshot } from "../../../local/atlas/index.ts";
import { createCaller, manualClock } from "./caller.ts";

const many = Array.from({ length: 80 }, (_, index) => `c${index}`);
const names = (page: { results: { name: string }[] }): string[] => page.results.map(({ name }) => name);

describe("paging", () => {
	test("gives every item once over pages of 37, with links to the next and previous page", async () => {
		await using atlas = await startAtlas({ projects: [{ clusters: many }], settings: { itemsPerPage: 37 } });
		const { get } = await createCaller(atlas);
		const page = async (number: number) => (await get(`/groups/${atlas.projectId}/clusters?pageNum=${number}`)).json;
		const pages = [await page(1), await page(2), await page(3), await page(4)];
		expect(pages.map((one) => one.results.length)).toEqual([37, 37, 6, 0]);
		expect(pages.flatMap(names)).toEqual(many);
		expect(pages[0].totalCount).toBe(80);
		const rels = (one: { links: { rel: string }[] }): string[] => one.links.map(({ rel }) => rel);
		expect(pages.slice(0, 3).map(rels)).toEqual([
			["self", "next"],
			["self", "previous", "next"],
			["self", "previous"],
		]);
	});

	test("never gives more than the cap, whatever the request names", async () => {
		await using atlas = await startAtlas({ projects: [{ clusters: many }], settings: { itemsPerPageCap: 10 } });
		const { get } = await createCaller(atlas);
		expect((await get(`/groups/${atlas.projectId}/clusters?itemsPerPage=500`)).json.results).toHaveLength(10);
	});

	test("leaves out the count where the request says so", async () => {
		await using atlas = await startAtlas();
		const { get, snapshots } = await createCaller(atlas);
		const { json } = await get(`${snapshots("prod-a")}?includeCount=false`);
		expect(json).not.toHaveProperty("totalCount");
		expect(json.links[0].href).toMatch(/\?includeCount=false&pageNum=1&itemsPerPage=100$/);
	});

	test.each(["itemsPerPage=0", "itemsPerPage=501", "itemsPerPage=x", "pageNum=0", "pageNum=-1", "envelope=yes"])(
		"refuses %s",
		async (query) => {
			await using atlas = await startAtlas();
			const { get, snapshots } = await createCaller(atlas);
			const { status, json } = await get(`${snapshots("prod-a")}?${query}`);
			expect([status, json.errorCode]).toEqual([400, "INVALID_QUERY_PARAMETER"]);
		},
	);

	test("lists snapshots oldest first, or newest first where the settings say so", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now });
		const { get, snapshots } = await createCaller(atlas);
		const cluster = atlas.state.cluster(atlas.projectId, "prod-a");
		for (const description of ["one", "two", "three"])
			takeSnapshot(atlas.state, cluster, { description, retentionInDays: 1 });
		const order = async (): Promise<string[]> =>
			(await get(snapshots("prod-a"))).json.results.map((item: { description: string }) => item.description);
		expect(await order()).toEqual(["one", "two", "three"]);
		atlas.state.settings.listOrder = "newestFirst";
		expect(await order()).toEqual(["three", "two", "one"]);
	});
});

describe("the lists of snapshots", () => {
	test("shows sharded snapshots only in the sharded list, all of them, and the others only in the plain one", async () => {
		await using atlas = await startAtlas({ settings: { itemsPerPage: 1 } });
		const { get, snapshots } = await createCaller(atlas);
		const { state, projectId } = atlas;
		for (const name of ["events", "events", "prod-a"])
			takeSnapshot(state, state.cluster(projectId, name), { retentionInDays: 1 });
		const count = async (path: string): Promise<number> => (await get(path)).json.results.length;
		expect(await count(snapshots("events"))).toBe(0);
		expect(await count(`${snapshots("events")}/shardedClusters?itemsPerPage=1`)).toBe(2);
		expect(await count(snapshots("prod-a"))).toBe(1);
		expect(await count(`${snapshots("prod-a")}/shardedClusters`)).toBe(0);
	});
});

describe("envelope and pretty", () => {
	test.each(["content", "envelope"] as const)(
		"wraps a single object under %s, and an error too",
		async (envelopeKey) => {
			await using atlas = await startAtlas({ settings: { envelopeKey } });
			const { call, get, snapshots } = await createCaller(atlas);
			const taken = await call("POST", `${snapshots("prod-a")}?envelope=true`, {});
			expect(taken.json).toMatchObject({ status: 200, [envelopeKey]: { status: "queued" } });
			const missing = await get(`${snapshots("nowhere")}?envelope=true`);
			expect([missing.status, missing.json.status]).toEqual([404, 404]);
			expect(missing.json[envelopeKey].errorCode).toBe("CLUSTER_NOT_FOUND");
		},
	);

	test("adds the status to a list, which is its own envelope", async () => {
		await using atlas = await startAtlas();
		const { get, snapshots } = await createCaller(atlas);
		const { json } = await get(`${snapshots("prod-a")}?envelope=true`);
		expect(json).toMatchObject({ results: [], totalCount: 0, status: 200 });
	});

	test("spreads the body over lines without changing it", async () => {
		await using atlas = await startAtlas();
		const { get } = await createCaller(atlas);
		const plain = await get(`/groups/${atlas.projectId}`);
		const pretty = await get(`/groups/${atlas.projectId}?pretty=true`);
		expect(pretty.text.split("\n").length).toBeGreaterThan(5);
		expect(pretty.json).toEqual(plain.json);
	});
});

describe("projects and clusters", () => {
	test("shows the projects of the keys' organisation and no other", async () => {
		await using atlas = await startAtlas();
		const { get } = await createCaller(atlas);
		expect(names((await get("/groups")).json)).toEqual(["shop", "staging"]);
		expect((await get("/groups/5f0a1b2c3d4e5f6071829313")).json.errorCode).toBe("NOT_IN_GROUP");
		expect((await get("/groups/5f0a1b2c3d4e5f60718293ff")).json.errorCode).toBe("GROUP_NOT_FOUND");
		expect((await get("/groups/SHOP")).json.errorCode).toBe("INVALID_GROUP_ID");
	});

	test("keeps Flex clusters out of the Cluster API", async () => {
		await using atlas = await startAtlas();
		const { get } = await createCaller(atlas);
		const home = `/groups/${atlas.projectId}`;
		expect(names((await get(`${home}/clusters`)).json)).not.toContain("playground");
		expect((await get(`${home}/clusters/playground`)).json).toEqual({
			detail: "Flex cluster playground cannot be used in the Cluster API.",
			error: 400,
			errorCode: "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API",
			parameters: ["playground"],
			reason: "Bad Request",
		});
	});

	test("describes tenant, paused, tagged and sharded clusters as Atlas does", async () => {
		await using atlas = await startAtlas();
		const { get } = await createCaller(atlas);
		const one = async (name: string) => (await get(`/groups/${atlas.projectId}/clusters/${name}`)).json;
		const tenant = await one("sandbox");
		expect(tenant.backupEnabled).toBe(false);
		expect(tenant.replicationSpecs[0].regionConfigs[0]).toMatchObject({
			providerName: "TENANT",
			backingProviderName: "AWS",
			electableSpecs: { effectiveInstanceSize: "M0", instanceSize: "M0" },
		});
		expect(await one("archive")).toMatchObject({ paused: true, stateName: "IDLE" });
		expect((await one("prod-a")).tags).toContainEqual({ key: "backup", value: "nightly" });
		expect(await one("events")).toMatchObject({ clusterType: "SHARDED", replicationSpecs: [{}, {}] });
	});

	test("counts shards in the shape before 2024-08-05, and says that it is deprecated", async () => {
		await using atlas = await startAtlas();
		const { get } = await createCaller(atlas);
		const accept = "application/vnd.atlas.2024-08-04+json";
		const { json, headers } = await get(`/groups/${atlas.projectId}/clusters/events`, { accept });
		expect(json.replicationSpecs).toMatchObject([{ numShards: 2 }]);
		expect(headers.get("content-type")).toBe("application/vnd.atlas.2023-02-01+json;charset=utf-8");
		expect(headers.get("sunset")).toBe("Thu, 1 Jul 2027 00:00:00 GMT");
	});
});
