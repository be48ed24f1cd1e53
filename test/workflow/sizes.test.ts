import { expect, test } from "vitest";
import { CHECKPOINT_BYTES, jsonBytes } from "../../lambda/domain/checkpoint-size.ts";
import type { TargetStatus } from "../../lambda/domain/outcome.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import { PARTS_PER_EXECUTION, WORST_CASE_OPERATIONS } from "../../lambda/workflow/operations.ts";
import { divideIntoParts } from "../../lambda/workflow/parts.ts";
import type { Ports } from "../../lambda/workflow/ports.ts";
import { RunIncomplete, toRunResult } from "../../lambda/workflow/run.ts";
import { selectInPages } from "../../lambda/workflow/select-in-pages.ts";
import type { DurableSteps } from "../../lambda/workflow/steps.ts";
import { takeSnapshot } from "../../local/atlas/index.ts";
import { countingSteps } from "../harness/counting-steps.ts";
import { startHarness } from "../harness/harness.ts";
import { DEFAULT_PORTS } from "../harness/ports.ts";

const projectId = "32b6e34b3d91647abb20e7b8";
const nameOf = (i: number) => `c${String(i).padStart(63, "0")}`;
const START = Date.parse("2026-10-24T02:00:00Z");
const RUN = {
	run: "schedule-1",
	trigger: "schedule",
	requestedBy: "schedule:nightly",
	request: readSnapshotRequest({ projectId, clusters: "all", deadlineMinutes: 600 }),
} as const;
const never = () => Promise.reject(new Error("not asked for here"));

/** What a selection of so many clusters checkpoints. */
async function select(count: number, listClusters?: Ports["listClusters"]) {
	const engine = countingSteps(START);
	const sizes: number[] = [];
	const steps: DurableSteps = {
		...engine,
		until: (name, initial, check, next) =>
			engine.until(
				name,
				initial,
				async (state) => {
					const checked = await check(state);
					sizes.push(jsonBytes(checked));
					return checked;
				},
				next,
			),
	};
	const clusters = Array.from({ length: count }, (_, i) => ({ name: nameOf(i), paused: i % 2 === 0 }));
	const ports: Ports = {
		...DEFAULT_PORTS,
		now: engine.now,
		takeSnapshot: never,
		readSnapshot: never,
		listSnapshots: never,
		readCluster: never,
		listProjects: never,
		publish: never,
		listClusters: listClusters ?? (async () => clusters),
	};
	const selected = await selectInPages(ports, RUN, steps);
	return { ...selected, sizes, operations: engine.operations(), endedAt: engine.now() };
}

test("2.3: a selection of 10,000 clusters with the longest names is kept in pages, each within a checkpoint, whole", async () => {
	const { targets, sizes } = await select(10_000);

	expect(new Set(targets.map(({ clusterName }) => clusterName)).size).toBe(10_000);
	expect(targets).toHaveLength(10_000);
	expect(Math.max(...sizes)).toBeLessThan(256 * 1024);
	expect(sizes.length).toBeGreaterThan(3);
});

test("3.4: a selection that fails is tried until the deadline, and its operations are bounded", async () => {
	const { targets, operations, endedAt } = await select(0, () => Promise.reject(new TypeError("broken")));

	expect(targets).toMatchObject([{ refused: { code: "UNEXPECTED" } }]);
	expect(endedAt - START).toBeGreaterThanOrEqual(599 * 60_000);
	expect(endedAt - START).toBeLessThanOrEqual(600 * 60_000);
	expect(operations).toBeLessThanOrEqual(WORST_CASE_OPERATIONS.own);
});

test("2.3: the result and the error data of 10,000 targets with long reasons are measured before they are returned", () => {
	const status = (i: number): TargetStatus => ({
		state: i % 3 === 0 ? "FAILED" : "COMPLETED",
		provenance: "created",
		projectId,
		clusterName: nameOf(i),
		snapshotId: "6a7944f22c88faeba59d3572",
		requestedAt: new Date(START).toISOString(),
		expectedEndAt: null,
		endedAt: new Date(START).toISOString(),
		durationSeconds: 0,
		reason: i % 3 === 0 ? { code: "X", message: "m".repeat(500) } : null,
	});
	const all = Array.from({ length: 10_000 }, (_, i) => status(i));

	const result = toRunResult("schedule-1", all);

	expect(jsonBytes(result)).toBeLessThan(CHECKPOINT_BYTES + 1024);
	expect(result.targets.length + (result.omitted ?? 0)).toBe(10_000);
	expect(result.targets.every(({ state }) => state === "FAILED")).toBe(true);
	expect(jsonBytes(new RunIncomplete(result).errorData)).toBeLessThan(256 * 1024);
	expect(toRunResult("schedule-1", all.slice(0, 25))).toEqual({ run: "schedule-1", targets: all.slice(0, 25) });
});

test.each([26, 251, 2500, 10_000])(
	"3.2: %i targets make no more parts than one execution can chain, and lose none",
	(count) => {
		const targets = Array.from({ length: count }, (_, i) => ({ projectId: `p${i % 37}`, clusterName: nameOf(i) }));

		const parts = divideIntoParts(targets);

		expect(parts.length).toBeLessThanOrEqual(PARTS_PER_EXECUTION);
		expect(new Set(parts.flat().map(({ clusterName }) => clusterName)).size).toBe(count);
		expect(Math.max(...parts.map(jsonBytes))).toBeLessThan(256 * 1024);
	},
);

test("promise 2: however long Atlas says that a snapshot's description is, each checkpoint is within what AWS takes", async () => {
	await using harness = await startHarness();
	const { state, projectId: project } = harness.atlas;
	takeSnapshot(state, state.cluster(project, "prod-a"), { description: "x".repeat(300_000), retentionInDays: 30 });

	const { result, history } = await harness.runRequest({ clusters: ["prod-a"] });

	expect(result.targets).toMatchObject([{ state: "COMPLETED", provenance: "adopted" }]);
	expect(Math.max(...history.map(jsonBytes))).toBeLessThan(CHECKPOINT_BYTES);
});
