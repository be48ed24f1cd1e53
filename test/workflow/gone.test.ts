import { describe, expect, test } from "vitest";
import { AtlasError } from "../../lambda/domain/errors.ts";
import { finalOutcome } from "../../lambda/domain/polling.ts";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import { countOperations } from "../../lambda/workflow/operations.ts";
import { pollSnapshot } from "../../lambda/workflow/poll.ts";
import type { Ports } from "../../lambda/workflow/ports.ts";
import type { TargetContext } from "../../lambda/workflow/target-context.ts";
import { countingSteps } from "../harness/counting-steps.ts";
import { DEFAULT_PORTS } from "../harness/ports.ts";

const START = Date.parse("2026-10-24T02:00:00Z");
const TARGET = { projectId: "32b6e34b3d91647abb20e7b8", clusterName: "c" };
const ID = `${(START / 1000).toString(16)}2c88faeba59d3572`;
const snapshot = (status: string): Snapshot => ({ id: ID, status });
const notFound = () =>
	new AtlasError({ code: "ATLAS_SNAPSHOT_NOT_FOUND", status: 404, blame: "user", executed: "no" }, "no such snapshot");

/** Follows a snapshot whose reads by id find nothing. */
async function followed(
	list: () => Promise<readonly Snapshot[]>,
	read: (second: number) => Promise<Snapshot> = () => Promise.reject(notFound()),
) {
	const engine = countingSteps(START);
	const ports = {
		...DEFAULT_PORTS,
		now: engine.now,
		readSnapshot: () => read((engine.now() - START) / 1000),
		listSnapshots: list,
	} as unknown as Ports;
	const bounds = {
		startedAt: START,
		since: START,
		seenAt: START,
		hardLimitAt: START + 3 * 86_400_000,
		firstPollSeconds: 15,
	};
	const context = { ports, steps: countOperations(engine), target: TARGET } as unknown as TargetContext;
	const { poll } = await pollSnapshot(context, "follow-snapshot", snapshot("inProgress"), bounds, () => START);
	return { ...finalOutcome(poll, 72), at: poll.checkedAt };
}

test("promise 2: a snapshot that a read by id does not find, but the list does, is followed to its end", async () => {
	let lists = 0;
	const { state } = await followed(async () => [snapshot(++lists < 5 ? "inProgress" : "completed")]);

	expect(state).toBe("COMPLETED");
});

test("promise 2: a snapshot is not called gone while the list can't be read", async () => {
	let lists = 0;
	const { state } = await followed(async () => {
		if (++lists < 5) throw new Error("no list");
		return [snapshot("completed")];
	});

	expect(state).toBe("COMPLETED");
});

test("promise 2: what neither a read nor the list finds is LOST", async () => {
	expect((await followed(async () => [])).state).toBe("LOST");
});

describe("a cluster that is gone while its snapshot is followed", () => {
	const HOUR = 3_600_000;
	const noCluster = () =>
		Promise.reject(
			new AtlasError(
				{ code: "ATLAS_CLUSTER_NOT_FOUND", errorCode: "CLUSTER_NOT_FOUND", status: 404, blame: "user", executed: "no" },
				"no such cluster",
			),
		);

	test("promise 2: is believed after an hour, and the end says so", async () => {
		const { state, reason, at } = await followed(noCluster, noCluster);

		expect(state).toBe("LOST");
		expect(reason?.code).toBe("CLUSTER_NOT_FOUND");
		expect(at - START).toBeGreaterThanOrEqual(HOUR);
		expect(at - START).toBeLessThan(2 * HOUR);
	});

	test("promise 2: is not believed while the list holds the snapshot, or can't be read", async () => {
		let lists = 0;
		const list = () => (++lists < 3 ? Promise.reject(new Error("no list")) : Promise.resolve([snapshot("completed")]));

		expect((await followed(list, noCluster)).state).toBe("COMPLETED");
	});

	test("promise 2: is forgotten where it is found again within the hour", async () => {
		const read = (second: number) =>
			second < 3000 || second > 20_000 ? noCluster() : Promise.resolve(snapshot("inProgress"));
		const { state, at } = await followed(noCluster, read);

		expect(state).toBe("LOST");
		expect(at - START).toBeGreaterThan(20_000_000 + HOUR);
	});
});
