import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startAtlas, takeSnapshot, viewSnapshot } from "../../../local/atlas/index.ts";
import { createState } from "../../../local/atlas/state/state.ts";
import { createCaller, manualClock } from "./caller.ts";

const PROJECT = "5f0a1b2c3d4e5f6071829311";

describe("the life of a snapshot", () => {
	test("shows at the recorded moments what the recordings show, field for field and in their order", async () => {
		const clock = manualClock("2026-08-10T03:26:42Z");
		await using atlas = await startAtlas({ now: clock.now, snapshotSeconds: 159 });
		const { take, get, snapshots } = await createCaller(atlas);
		const taken = await take("prod-a", { description: "nightly", retentionInDays: 1 });
		const id: string = taken.json.id;
		const home = `${atlas.url}/api/atlas/v2/groups/${atlas.projectId}/clusters/prod-a`;
		const links = [
			{ href: `${home}/backup/snapshots/${id}`, rel: "self" },
			{ href: home, rel: "https://cloud.mongodb.com/cluster" },
		];
		const text = (body: object): string => JSON.stringify(body);
		const described = { description: "nightly" };
		const identified = { frequencyType: "ondemand", id, links };
		const first = { copyRegions: [], ...described, expiresAt: "2026-08-11T03:26:42Z", ...identified };
		const last = { policyItems: [], replicaSetName: "prod-a", snapshotType: "onDemand" };
		const small = { storageSizeBytes: 0, type: "replicaSet" };
		expect(taken.status).toBe(200);
		expect(taken.text).toBe(text({ ...first, ...last, status: "queued", ...small }));
		const at = async (seconds: number): Promise<string> => {
			clock.forward(seconds);
			return (await get(`${snapshots("prod-a")}/${id}`)).text;
		};
		const working = { ...last, status: "inProgress", ...small };
		expect(await at(7)).toBe(text({ ...first, ...working }));
		expect(await at(8)).toBe(text({ ...first, mongodVersion: "8.0.29", ...working }));
		expect(await at(74)).toBe(text({ cloudProvider: "AWS", ...first, mongodVersion: "8.0.29", ...working }));
		expect(await at(73)).toBe(
			text({
				cloudProvider: "AWS",
				copyRegions: [],
				createdAt: "2026-08-10T03:28:08Z",
				...described,
				expiresAt: "2026-08-11T03:29:21Z",
				...identified,
				mongodVersion: "8.0.29",
				...last,
				status: "completed",
				storageSizeBytes: 1582854144,
				type: "replicaSet",
			}),
		);
	});

	test("begins with an id whose time is the second of the POST", async () => {
		const clock = manualClock("2026-08-10T03:26:42.900Z");
		await using atlas = await startAtlas({ now: clock.now });
		const { take } = await createCaller(atlas);
		const { json } = await take("prod-a");
		expect(Number.parseInt(json.id.slice(0, 8), 16) * 1000).toBe(Date.parse("2026-08-10T03:26:42Z"));
	});

	test("follows a clock that jumps hours, and ends with its retention", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now, snapshotSeconds: 7200, settings: { tokenSeconds: 1e6 } });
		const { take, get, snapshots } = await createCaller(atlas);
		const path = `${snapshots("prod-a")}/${(await take("prod-a")).json.id}`;
		const status = async (hours: number): Promise<unknown> => {
			clock.forward(hours * 3600);
			const { status: code, json } = await get(path);
			return code === 200 ? json.status : json.errorCode;
		};
		expect([await status(1), await status(2), await status(22), await status(1)]).toEqual([
			"inProgress",
			"completed",
			"completed",
			"SNAPSHOT_NOT_FOUND",
		]);
	});

	test.each([
		["fails", { ending: "failed" }, "failed"],
		["vanishes", { ending: "vanished" }, "SNAPSHOT_NOT_FOUND"],
		["never ends", { ending: "endless" }, "inProgress"],
		["says what nobody knows", { unknownStatus: "rebalancing", ending: "endless" }, "rebalancing"],
	] as const)("%s where the plan says so", async (_, plan, expected) => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({
			now: clock.now,
			projects: [{ clusters: [{ name: "a", nextPlans: [plan] }] }],
		});
		const { take, get, snapshots } = await createCaller(atlas);
		const first = `${snapshots("a")}/${(await take("a")).json.id}`;
		clock.forward(60);
		const { json } = await get(first);
		expect(json.status ?? json.errorCode).toBe(expected);
		expect(json).not.toHaveProperty("createdAt");
	});

	test("uses up one plan per snapshot and then goes by the standing one", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({
			now: clock.now,
			projects: [{ clusters: [{ name: "a", nextPlans: [{ ending: "failed" }] }] }],
		});
		const { take, get, snapshots } = await createCaller(atlas);
		const ends: string[] = [];
		for (let turn = 0; turn < 2; turn += 1) {
			const { json } = await take("a");
			clock.forward(60);
			ends.push((await get(`${snapshots("a")}/${json.id}`)).json.status);
		}
		expect(ends).toEqual(["failed", "completed"]);
	});

	test("gives a sharded snapshot members and their ids, by the plain and by the singular path", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now });
		const { take, get, snapshots } = await createCaller(atlas);
		const taken = await take("events");
		expect(taken.json).toMatchObject({ type: "shardedCluster", status: "queued", members: [], snapshotIds: [] });
		clock.forward(60);
		const plain = await get(`${snapshots("events")}/${taken.json.id}`);
		expect(plain.json.members).toHaveLength(3);
		expect(plain.json.snapshotIds).toEqual(plain.json.members.map(({ id }: { id: string }) => id));
		expect(plain.json.members[0]).toMatchObject({
			cloudProvider: "AWS",
			replicaSetName: expect.stringMatching(/shard-0$/),
		});
		const singular = await get(`${snapshots("events")}/shardedCluster/${taken.json.id}`);
		expect(singular.text).toBe(plain.text);
		expect((await get(`${snapshots("events")}/shardedClusters/${taken.json.id}`)).status).toBe(404);
	});

	test("does not know a replica set's snapshot by the singular path", async () => {
		await using atlas = await startAtlas();
		const { take, get, snapshots } = await createCaller(atlas);
		const { json } = await take("prod-a");
		expect((await get(`${snapshots("prod-a")}/${json.id}`)).status).toBe(200);
		expect((await get(`${snapshots("prod-a")}/shardedCluster/${json.id}`)).json.errorCode).toBe("SNAPSHOT_NOT_FOUND");
	});

	test("only ever moves forward, and only shows when it was created once it is completed", () => {
		const world = createState({ now: () => 0 });
		const cluster = world.addCluster(PROJECT, "a");
		const order = ["queued", "inProgress", "completed"];
		const times = fc.array(fc.nat(200_000), { minLength: 2 }).map((all) => all.toSorted((a, b) => a - b));
		fc.assert(
			fc.property(times, fc.nat(100), (moments, seconds) => {
				const snapshot = takeSnapshot(world, cluster, { retentionInDays: 1, plan: { seconds } });
				const sights = moments.map((at) => viewSnapshot(snapshot, cluster, at));
				const ranks = sights.map((sight) => order.indexOf(sight?.status ?? ""));
				expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
				for (const sight of sights) expect(sight?.createdAt !== undefined).toBe(sight?.status === "completed");
				expect(viewSnapshot(snapshot, cluster, seconds * 1000)?.status).toBe("completed");
			}),
		);
	});
});
