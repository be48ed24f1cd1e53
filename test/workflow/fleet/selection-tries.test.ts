import { describe, expect, test } from "vitest";
import { AtlasError } from "../../../lambda/domain/errors.ts";
import { readSnapshotRequest } from "../../../lambda/domain/request.ts";
import { SELECTION_TRIES } from "../../../lambda/workflow/operations.ts";
import type { Ports } from "../../../lambda/workflow/ports.ts";
import { selectInPages } from "../../../lambda/workflow/select-in-pages.ts";
import { countingSteps } from "../../harness/counting-steps.ts";
import { DEFAULT_PORTS } from "../../harness/ports.ts";

const START = Date.parse("2026-10-24T02:00:00Z");
const never = () => Promise.reject(new Error("is not called by a selection"));

/** A selection whose lists always fail: how often it is tried, and for how many minutes. */
async function fail(
	deadlineMinutes: number,
	retryAfterSeconds: number | undefined,
	refusals = false,
	engine = countingSteps(START),
) {
	const tried: number[] = [];
	const ports: Ports = {
		...DEFAULT_PORTS,
		now: engine.now,
		takeSnapshot: never,
		readSnapshot: never,
		listSnapshots: never,
		readCluster: never,
		publish: never,
		listProjects: never,
		async listClusters() {
			tried.push((engine.now() - START) / 60_000);
			// Ends what nothing bounds.
			if (tried.length > 2 * SELECTION_TRIES) return [];
			if (refusals && tried.length % 3 !== 0) {
				throw new AtlasError({ code: "ATLAS_KEY_REFUSED", status: 401, blame: "user", executed: "no" }, "m");
			}
			throw new AtlasError({ code: "ATLAS_FAULT", blame: "transient", executed: "no", retryAfterSeconds }, "m");
		},
	};
	const request = readSnapshotRequest({ projectId: "32b6e34b3d91647abb20e7b8", clusters: "all", deadlineMinutes });
	const { targets } = await selectInPages(
		ports,
		{ run: "http-1", trigger: "http", requestedBy: "local", request },
		engine,
	);
	return { tried, targets };
}

describe("a selection that fails is tried until the deadline, within its durable operations", () => {
	for (const retryAfterSeconds of [undefined, 1, 60]) {
		test.each([5, 60, 24 * 60, 3 * 24 * 60])(
			`of %i minutes, when Atlas asks to wait ${retryAfterSeconds ?? "no"} seconds`,
			async (deadline) => {
				const { tried, targets } = await fail(deadline, retryAfterSeconds);

				expect(tried.length).toBeLessThanOrEqual(SELECTION_TRIES);
				expect(Math.max(...tried)).toBeLessThan(deadline);
				expect(Math.max(...tried)).toBeGreaterThan(deadline - 2);
				expect(targets).toMatchObject([{ clusterName: "*", refused: { code: "ATLAS_FAULT" } }]);
			},
		);
	}

	test("of three days, when two refusals in three are never believed", async () => {
		const { tried } = await fail(3 * 24 * 60, undefined, true);

		expect(tried.length).toBeLessThanOrEqual(SELECTION_TRIES);
		expect(Math.max(...tried)).toBeGreaterThan(3 * 24 * 60 - 2);
	});

	test("and the deadline counts from the run's start though what was kept is lost with a process that died", async () => {
		const engine = countingSteps(START);
		let checks = 0;
		const { tried } = await fail(60, undefined, false, {
			...engine,
			until: (name, initial, check, next) =>
				engine.until(name, initial, (state) => check(++checks === 6 ? initial : state), next),
		});

		expect(checks).toBeGreaterThan(6);
		expect(Math.max(...tried)).toBeLessThan(60);
	});
});
