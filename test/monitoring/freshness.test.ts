import { describe, expect, test } from "vitest";
import { checkFreshness, type Freshness } from "../../lambda/monitoring/freshness.ts";
import { readWatchedClusters, type WatchedClusters } from "../../lambda/monitoring/freshness-event.ts";
import { type AtlasOptions, type AtlasSimulator, takeSnapshot } from "../../local/atlas/index.ts";
import { startAtlasClient } from "../harness/atlas-client.ts";

const SHOP = "5f0a1b2c3d4e5f6071829311";
const STAGING = "5f0a1b2c3d4e5f6071829312";
const NEIGHBOUR = "5f0a1b2c3d4e5f6071829313";
const MINUTE = 60;
const DAY = 1440;

type Plan = NonNullable<Parameters<typeof takeSnapshot>[2]["plan"]>;

/** A snapshot requested so many minutes ago; it took ten seconds, unless its plan differs. */
function snapshotOf({ state }: AtlasSimulator, minutes: number, name: string, plan: Plan = {}, projectId = SHOP) {
	state.advance(-minutes * MINUTE);
	takeSnapshot(state, state.cluster(projectId, name), { retentionInDays: 30, plan: { seconds: 10, ...plan } });
	state.advance(minutes * MINUTE);
}

const named = (clusterName: string, projectId = SHOP): WatchedClusters => ({
	projectId,
	clusters: [clusterName],
	expectedEveryMinutes: DAY,
	graceMinutes: 75,
});

async function check(
	watched: readonly WatchedClusters[],
	prepare: (sim: AtlasSimulator) => void,
	options: AtlasOptions = {},
) {
	const at = 1_790_000_000_000;
	await using r = await startAtlasClient("oauth", { now: () => at, ...options });
	prepare(r.simulator);
	const reported: Freshness[] = [];
	const ports = { ...r.atlas, now: () => r.simulator.state.now() };
	const all = await checkFreshness(ports, watched, (one) => reported.push(one));
	const requests = r.simulator.log.map(({ kind }) => kind).filter((kind) => kind !== "token");
	return { all: all.toSorted((a, b) => (a.clusterName < b.clusterName ? -1 : 1)), reported, requests };
}

const ages = (all: readonly Freshness[]) => all.map(({ clusterName, ageSeconds }) => [clusterName, ageSeconds]);

describe("the age of a cluster", () => {
	test("is that of its newest completed snapshot, in any order of the list", async () => {
		for (const listOrder of ["oldestFirst", "newestFirst"] as const) {
			const { all } = await check(
				[named("prod-a")],
				(sim) => {
					snapshotOf(sim, 3 * DAY, "prod-a");
					snapshotOf(sim, 20, "prod-a");
					snapshotOf(sim, DAY, "prod-a");
				},
				{ settings: { listOrder } },
			);

			expect(all).toMatchObject([{ ageSeconds: 20 * MINUTE, fresh: true, expectedEveryMinutes: DAY }]);
		}
	});

	test.each<[string, Plan]>([
		["still runs", { ending: "endless" }],
		["failed", { ending: "failed" }],
		["vanished", { ending: "vanished" }],
		["is of Atlas's own backup policy", { snapshotType: "scheduled" }],
	])("is not that of a younger one that %s", async (_what, plan) => {
		const { all } = await check([named("prod-a")], (sim) => {
			snapshotOf(sim, 2 * DAY, "prod-a");
			snapshotOf(sim, 20, "prod-a", plan);
		});

		expect(all).toMatchObject([{ ageSeconds: 2 * DAY * MINUTE, fresh: false }]);
	});

	test("is that of a fallback, which Atlas took in place of a requested one", async () => {
		const { all } = await check([named("prod-a")], (sim) => {
			snapshotOf(sim, 20, "prod-a", { snapshotType: "fallback" });
		});

		expect(ages(all)).toEqual([["prod-a", 20 * MINUTE]]);
	});

	test("of a sharded cluster comes from the list of sharded snapshots", async () => {
		const { all, requests } = await check([named("events")], (sim) => snapshotOf(sim, 30, "events"));

		expect(ages(all)).toEqual([["events", 30 * MINUTE]]);
		expect(requests).toEqual(["clusters", "listSharded"]);
	});

	test("is fresh up to the expected age and the grace, and not a second longer", async () => {
		const { all } = await check([named("prod-a"), named("prod-b")], (sim) => {
			snapshotOf(sim, DAY + 75, "prod-a");
			snapshotOf(sim, DAY + 75 + 1 / 60, "prod-b");
		});

		expect(all.map(({ fresh }) => fresh)).toEqual([true, false]);
	});

	test("is null if there is no snapshot, with the reason", async () => {
		const { all, reported } = await check([named("prod-a")], () => {});

		expect(all).toMatchObject([{ ageSeconds: null, fresh: false, reason: { code: "NO_SNAPSHOT" } }]);
		expect(reported).toEqual(all);
	});
});

test("a cluster or project that fails hides no other", async () => {
	const { all } = await check(
		[named("prod-a"), named("nowhere"), named("prod-b"), named("theirs", NEIGHBOUR), named("stage", STAGING)],
		(sim) => {
			for (const name of ["prod-a", "prod-b"]) snapshotOf(sim, 20, name);
			snapshotOf(sim, 20, "stage", {}, STAGING);
			sim.faults.add({ on: { kind: "list", cluster: "prod-b" }, do: { type: "status", status: 500 } });
		},
	);

	expect(all.map(({ clusterName, ageSeconds, reason }) => [clusterName, ageSeconds, reason?.code])).toEqual([
		["nowhere", null, "CLUSTER_NOT_FOUND"],
		["prod-a", 1200, undefined],
		["prod-b", null, expect.any(String)],
		["stage", 1200, undefined],
		["theirs", null, "NOT_IN_GROUP"],
	]);
});

test("if a project's clusters can't be listed, named ones are still checked", async () => {
	const { all, requests } = await check([named("prod-a"), named("events")], (sim) => {
		for (const name of ["prod-a", "events"]) snapshotOf(sim, 20, name);
		sim.faults.add({ on: { kind: "clusters" }, do: { type: "status", status: 503 } });
	});

	expect(ages(all)).toEqual([
		["events", 1200],
		["prod-a", 1200],
	]);
	expect(requests).toHaveLength(1 + 2 * 2);
});

describe("clusters that a schedule selects", () => {
	const selection = (clusters: WatchedClusters["clusters"], projectId?: string): WatchedClusters => ({
		projectId,
		clusters,
		expectedEveryMinutes: DAY,
		graceMinutes: 0,
	});

	test("by all or tags are the currently eligible ones, in every project that the keys see", async () => {
		const all = await check([selection("all")], (sim) => sim.state.addCluster(STAGING, "newcomer"));
		const tagged = await check([selection({ tags: { backup: "nightly" } })], () => {});

		expect(all.all.map(({ clusterName }) => clusterName)).toEqual(["events", "newcomer", "prod-a", "prod-b", "stage"]);
		expect(tagged.all.map(({ clusterName }) => clusterName)).toEqual(["prod-a", "prod-b", "stage"]);
	});

	test("and others name as well are checked once, by the strictest expectation", async () => {
		const hourly = { ...named("prod-a"), expectedEveryMinutes: 60 };
		const { all, requests } = await check([selection("all", SHOP), hourly, named("prod-a")], (sim) => {
			snapshotOf(sim, 200, "prod-a");
		});

		expect(all.find(({ clusterName }) => clusterName === "prod-a")).toMatchObject({
			expectedEveryMinutes: 60,
			fresh: false,
		});
		expect(requests.filter((kind) => kind === "list")).toHaveLength(2);
	});

	test("in projects that can't be listed are reported, and named ones checked", async () => {
		const { all } = await check([selection("all"), named("prod-a")], (sim) => {
			snapshotOf(sim, 20, "prod-a");
			sim.faults.add({ on: { kind: "groups" }, do: { type: "status", status: 500 } });
		});

		expect(ages(all)).toEqual([
			["*", null],
			["prod-a", 1200],
		]);
	});
});

test("25 clusters of a project cost 26 requests", async () => {
	const clusters = Array.from({ length: 25 }, (_, i) => `c${i}`);
	const { requests } = await check(
		clusters.map((name) => named(name)),
		() => {},
		{ projects: [{ id: SHOP, clusters }] },
	);

	expect(requests).toHaveLength(26);
});

describe("the input of the schedule", () => {
	test("names clusters, or selects all or by tags", () => {
		const targets = [
			{ projectId: SHOP, clusterName: "prod-a", expectedEveryMinutes: 1440 },
			{ clusters: "all", expectedEveryMinutes: 60, graceMinutes: 5 },
			{ projectId: SHOP, clusters: { tags: { a: "b" } }, expectedEveryMinutes: 10 },
		];

		expect(readWatchedClusters({ targets })).toEqual([
			{ projectId: SHOP, clusters: ["prod-a"], expectedEveryMinutes: 1440, graceMinutes: 75 },
			{ clusters: "all", expectedEveryMinutes: 60, graceMinutes: 5 },
			{ projectId: SHOP, clusters: { tags: { a: "b" } }, expectedEveryMinutes: 10, graceMinutes: 75 },
		]);
	});

	test.each([
		[undefined],
		[{}],
		[{ targets: {} }],
		[{ targets: [null] }],
		[{ targets: [{ projectId: SHOP, clusterName: "a" }] }],
		[{ targets: [{ projectId: SHOP, clusterName: "a", expectedEveryMinutes: 0 }] }],
		[{ targets: [{ projectId: "s3cret", clusterName: "a", expectedEveryMinutes: 1 }] }],
		[{ targets: [{ clusterName: "a", expectedEveryMinutes: 1 }] }],
	])("%j is refused without quoting it", (event) => {
		expect(() => readWatchedClusters(event)).toThrow(/^(event|request): (?!.*s3cret)/);
	});
});
