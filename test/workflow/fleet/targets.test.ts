import { afterEach, expect, test } from "vitest";
import type { TargetStatus } from "../../../lambda/domain/outcome.ts";
import { takeSnapshot } from "../../../local/atlas/index.ts";
import { type Harness, startHarness } from "../../harness/harness.ts";

let harness: Harness;
afterEach(async () => {
	await harness[Symbol.asyncDispose]();
});

const told = (targets: readonly TargetStatus[]) =>
	targets.map(({ clusterName, state, reason }) => [clusterName, state, reason?.code ?? null]);
const requests = (kind: string) =>
	harness.atlas.log.filter((request) => request.operation === kind && request.scheme !== "none");

test("a request for everything ends each cluster of each project, and one project's refusal touches no other", async () => {
	harness = await startHarness();
	harness.atlas.state.addProject({ name: "closed", roles: [], clusters: ["unseen"] });

	const { status, result } = await harness.runRequest({ clusters: "all", projectId: undefined });

	expect(status).toBe("FAILED");
	expect(told(result.targets)).toEqual([
		["prod-a", "COMPLETED", null],
		["prod-b", "COMPLETED", null],
		["events", "COMPLETED", null],
		["archive", "SKIPPED", "ATLAS_CLUSTER_PAUSED"],
		["scratch", "SKIPPED", "ATLAS_BACKUP_OFF"],
		["sandbox", "SKIPPED", "ATLAS_NOT_DEDICATED"],
		["stage", "COMPLETED", null],
		["*", "REFUSED", "USER_UNAUTHORIZED"],
	]);
	const finals = harness.published().filter(({ state }) => state !== "STARTED");
	expect(finals.map(({ clusterName }) => clusterName).toSorted()).toEqual(
		result.targets.map(({ clusterName }) => clusterName).toSorted(),
	);
	expect(requests("take")).toHaveLength(4);
});

test("promise 10: a cluster that can't have a snapshot is SKIPPED where it was selected, REFUSED where it was named, for the same reason", async () => {
	harness = await startHarness({
		atlas: {
			projects: [
				{
					clusters: [
						{ name: "paused", paused: true },
						{ name: "off", backupEnabled: false },
						{ name: "shared", kind: "tenant" },
						{ name: "new", stateName: "CREATING" },
						{ name: "old", stateName: "DELETING" },
					],
				},
			],
		},
	});

	const named = await harness.runRequest({ clusters: ["paused", "off", "shared", "new", "old"] });
	harness.atlas.state.addCluster(harness.atlas.projectId, "well");
	const selected = await harness.runRequest({ clusters: "all" });

	expect(selected.status).toBe("SUCCEEDED");
	expect(told(selected.result.targets)).toEqual([
		["paused", "SKIPPED", "ATLAS_CLUSTER_PAUSED"],
		["off", "SKIPPED", "ATLAS_BACKUP_OFF"],
		["shared", "SKIPPED", "ATLAS_NOT_DEDICATED"],
		["new", "SKIPPED", "ATLAS_CLUSTER_CREATING"],
		["old", "SKIPPED", "ATLAS_CLUSTER_DELETING"],
		["well", "COMPLETED", null],
	]);
	expect(named.status).toBe("FAILED");
	expect(new Set(named.result.targets.map(({ state }) => state))).toEqual(new Set(["REFUSED"]));
	expect(named.result.targets.map(({ reason }) => reason)).toEqual(
		selected.result.targets.slice(0, 5).map(({ reason }) => reason),
	);
});

const paused = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `paused-${i}`, paused: true }));

test.each([1, 30])(
	"a selection of %i clusters of which none can have a snapshot is no success: it is REFUSED itself",
	async (count) => {
		harness = await startHarness({ atlas: { projects: [{ clusters: paused(count) }] } });

		const { status, result } = await harness.runRequest({ clusters: "all" });

		expect(status).toBe("FAILED");
		expect(told(result.targets)).toEqual([
			...paused(count).map(({ name }) => [name, "SKIPPED", "ATLAS_CLUSTER_PAUSED"]),
			["*", "REFUSED", "NOTHING_SELECTED"],
		]);
		expect(harness.published().filter(({ state }) => state === "REFUSED")).toMatchObject([{ clusterName: "*" }]);
		expect(requests("take")).toHaveLength(0);
	},
);

test.each([
	["beside others", ["prod-b"], "SUCCEEDED", [["prod-b", "COMPLETED", null]]],
	["alone", [], "FAILED", [["*", "REFUSED", "NOTHING_SELECTED"]]],
] as const)(
	"a selected cluster that is paused before its turn, %s, is SKIPPED",
	async (_what, others, status, rest) => {
		harness = await startHarness({ atlas: { projects: [{ clusters: ["prod-a", ...others] }] } });
		const { state, projectId } = harness.atlas;
		Object.defineProperty(state.cluster(projectId, "prod-a"), "paused", { get: () => requests("take").length > 0 });

		const run = await harness.runRequest({ clusters: "all" });

		expect(run.status).toBe(status);
		expect(told(run.result.targets)).toEqual([["prod-a", "SKIPPED", "ATLAS_CLUSTER_PAUSED"], ...rest]);
	},
);

test("a replay sees the selection that the run began with, whatever became of the clusters meanwhile", async () => {
	harness = await startHarness();
	const { state, projectId } = harness.atlas;
	let changed = false;
	harness.aws.onEvent(() => {
		if (changed) return;
		changed = true;
		state.cluster(projectId, "prod-a").tags = [];
		state.addCluster(projectId, { name: "latecomer", tags: { backup: "nightly" } });
	});

	const { result } = await harness.runRequest({ clusters: { tags: { backup: "nightly" } } });

	expect(changed).toBe(true);
	expect(told(result.targets)).toEqual([
		["prod-a", "COMPLETED", null],
		["prod-b", "COMPLETED", null],
		["archive", "SKIPPED", "ATLAS_CLUSTER_PAUSED"],
	]);
	expect(requests("clusters")).toHaveLength(1);
});

test("a selection that fails for a while is made again", async () => {
	harness = await startHarness();
	harness.atlas.faults.add({ on: { kind: "clusters", times: 2 }, do: { type: "status", status: 503, retryAfter: 20 } });

	const { result } = await harness.runRequest({ clusters: { tags: { tier: "gold" } } });

	expect(told(result.targets)).toEqual([["prod-a", "COMPLETED", null]]);
});

test("a named cluster that can have a snapshot is looked at neither before nor after", async () => {
	harness = await startHarness();

	await harness.runRequest({ clusters: ["prod-a"] });

	expect([...requests("cluster"), ...requests("clusters")]).toHaveLength(0);
});

/** A snapshot that someone asked for so many minutes ago. */
function snapshotOf(
	minutes: number,
	cluster: string,
	snapshotType: "onDemand" | "scheduled" = "onDemand",
	retentionInDays = 3,
) {
	const { state, projectId } = harness.atlas;
	state.advance(-minutes * 60);
	takeSnapshot(state, state.cluster(projectId, cluster), { retentionInDays, plan: { seconds: 120, snapshotType } });
	state.advance(minutes * 60);
}

test("minimumAgeMinutes skips what has a younger completed on-demand snapshot, and only that", async () => {
	harness = await startHarness();
	const { state, projectId } = harness.atlas;
	for (const name of ["old", "by-policy", "running", "bare", "unlisted", "short"]) state.addCluster(projectId, name);
	snapshotOf(20, "prod-a");
	snapshotOf(61, "old");
	snapshotOf(20, "by-policy", "scheduled");
	snapshotOf(1, "running");
	snapshotOf(20, "unlisted");
	snapshotOf(20, "short", "onDemand", 2);
	harness.atlas.faults.add({
		on: { kind: "list", cluster: "unlisted", times: 1 },
		do: { type: "status", status: 500 },
	});

	const { status, result } = await harness.runRequest({
		clusters: ["prod-a", "old", "by-policy", "running", "bare", "unlisted", "short"],
		minimumAgeMinutes: 60,
		retentionInDays: 3,
		onConflict: "wait",
	});

	expect(told(result.targets)).toEqual([
		["prod-a", "SKIPPED", "YOUNG_ENOUGH"],
		["old", "COMPLETED", null],
		["by-policy", "COMPLETED", null],
		["running", "COMPLETED", null],
		["bare", "COMPLETED", null],
		["unlisted", "COMPLETED", null],
		["short", "COMPLETED", null],
	]);
	expect(status).toBe("SUCCEEDED");
	expect(result.targets[0]?.reason?.message).toMatch(/is 2\d minutes old, younger than minimumAgeMinutes \(60\)/);
	expect(requests("take").filter(({ cluster }) => cluster === "prod-a")).toHaveLength(0);
});
