import { describe, expect, test } from "vitest";
import { NO_NAME } from "../../../lambda/domain/outcome.ts";
import { readSnapshotRequest } from "../../../lambda/domain/request.ts";
import type { SelectedTarget } from "../../../lambda/workflow/select.ts";
import { selectTargets } from "../../../lambda/workflow/select.ts";
import type { AtlasOptions, AtlasSimulator } from "../../../local/atlas/index.ts";
import { startAtlasClient } from "../../harness/atlas-client.ts";
import { DEFAULT_PORTS } from "../../harness/ports.ts";

const SHOP = "5f0a1b2c3d4e5f6071829311";
const STAGING = "5f0a1b2c3d4e5f6071829312";
const NEIGHBOUR = "5f0a1b2c3d4e5f6071829313";

/** What a request selects over the real client, and what it asked Atlas for. */
async function select(
	request: Record<string, unknown>,
	options: AtlasOptions = {},
	prepare: (sim: AtlasSimulator) => void = () => {},
) {
	await using r = await startAtlasClient("oauth", options);
	prepare(r.simulator);
	const ports = { ...r.atlas, ...DEFAULT_PORTS, now: () => r.simulator.state.now(), publish: async () => {} };
	// A refusal is the third in a row, and believed.
	const twice = { count: 2, since: r.simulator.state.now() - 3 * 60_000 };
	const refusals = new Map([NO_NAME, SHOP, STAGING, NEIGHBOUR].map((list) => [list, twice]));
	const selected = await selectTargets(ports, readSnapshotRequest(request), refusals);
	return { selected, asked: r.simulator.log.map(({ kind }) => kind).filter((kind) => kind !== "token") };
}

const told = (selected: readonly SelectedTarget[]) =>
	selected.map(({ clusterName, ineligible, refused }) => [clusterName, (ineligible ?? refused)?.code ?? "taken"]);
const names = (selected: readonly SelectedTarget[]) => selected.map(({ clusterName }) => clusterName);

describe('"all"', () => {
	test("is every cluster of the project, those that are not eligible with the reason", async () => {
		const { selected, asked } = await select({ projectId: SHOP, clusters: "all" });

		expect(told(selected)).toEqual([
			["prod-a", "taken"],
			["prod-b", "taken"],
			["events", "taken"],
			["archive", "ATLAS_CLUSTER_PAUSED"],
			["scratch", "ATLAS_BACKUP_OFF"],
			["sandbox", "ATLAS_NOT_DEDICATED"],
		]);
		expect(asked).toEqual(["clusters"]);
	});

	test("without a project is every project that the keys see, and no foreign one", async () => {
		const { selected, asked } = await select({ clusters: "all" });

		expect([...new Set(selected.map(({ projectId }) => projectId))]).toEqual([SHOP, STAGING]);
		expect(asked).toEqual(["groups", "clusters", "clusters"]);
	});

	test("finds multi-cloud clusters", async () => {
		const clusters = [{ name: "wide", providers: ["AWS", "GCP"] as ("AWS" | "GCP")[] }];

		const { selected } = await select({ clusters: "all" }, { projects: [{ clusters }] });

		expect(told(selected)).toEqual([["wide", "taken"]]);
	});

	test("a project that refuses to be listed is refused alone", async () => {
		const { selected } = await select({ clusters: "all" }, {}, (sim) => {
			sim.state.project(SHOP).roles = [];
		});

		expect(told(selected)).toEqual([
			["*", "USER_UNAUTHORIZED"],
			["stage", "taken"],
		]);
	});

	test("of a foreign project says whose it is", async () => {
		const { selected } = await select({ projectId: NEIGHBOUR, clusters: "all" });

		expect(told(selected)).toEqual([["*", "NOT_IN_GROUP"]]);
	});

	test.each([
		["of a project without clusters", { projectId: SHOP, clusters: "all" }, [{ id: SHOP, clusters: [] }]],
		["of keys without projects", { clusters: "all" }, [{ orgId: "5f0a1b2c3d4e5f6071829302", clusters: ["theirs"] }]],
	])("%s is refused, since it would protect nothing", async (_what, request, projects) => {
		const { selected } = await select(request, { projects });

		expect(told(selected)).toEqual([["*", "NOTHING_SELECTED"]]);
	});

	test("takes every page, of projects and of clusters, when Atlas gives 37 items a page", async () => {
		const many = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);
		const projects = Array.from({ length: 80 }, (_, i) => ({ clusters: many(i === 0 ? 120 : i === 79 ? 74 : 1) }));

		const { selected, asked } = await select({ clusters: "all" }, { projects, settings: { itemsPerPageCap: 37 } });

		expect(new Set(selected.map(({ projectId, clusterName }) => `${projectId}/${clusterName}`)).size).toBe(
			120 + 78 + 74,
		);
		expect(asked.filter((kind) => kind === "groups")).toHaveLength(3);
		expect(asked.filter((kind) => kind === "clusters")).toHaveLength(4 + 78 + 2);
	});

	test("is not begun with when a listing fails in a way that time may cure", async () => {
		const failing = select({ clusters: "all" }, {}, (sim) => {
			sim.faults.add({ on: { kind: "clusters", nth: 2 }, do: { type: "status", status: 503 } });
		});

		await expect(failing).rejects.toMatchObject({ name: "ATLAS_FAULT" });
	});
});

describe("tags", () => {
	test.each([
		[{ backup: "nightly" }, ["prod-a", "prod-b", "archive", "stage"]],
		[{ backup: "nightly", tier: "gold" }, ["prod-a"]],
		[{ backup: "weekly" }, ["events"]],
		[{ backup: "NIGHTLY" }, ["*"]],
		[{ Backup: "nightly" }, ["*"]],
		[{ backup: "night" }, ["*"]],
		[{ backup: "nightly", tier: "lead" }, ["*"]],
	])("%o select the clusters that carry every one of them", async (tags, expected) => {
		const { selected } = await select({ clusters: { tags } });

		expect(names(selected)).toEqual(expected);
	});
});
