import { expect, test } from "vitest";
import { conclude } from "../../lambda/domain/conclusion.ts";
import { AtlasError } from "../../lambda/domain/errors.ts";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import { follow } from "../../lambda/run/follow.ts";
import { countOperations } from "../../lambda/run/operations.ts";
import type { Ports } from "../../lambda/run/ports.ts";
import { countingEngine } from "../fleet/counting-engine.ts";
import { CONFIGURED } from "./configured.ts";

const START = Date.parse("2026-10-24T02:00:00Z");
const TARGET = { projectId: "32b6e34b3d91647abb20e7b8", clusterName: "c" };
const ID = `${(START / 1000).toString(16)}2c88faeba59d3572`;
const snapshot = (status: string): Snapshot => ({ id: ID, status });
const notFound = () =>
	new AtlasError({ code: "ATLAS_SNAPSHOT_NOT_FOUND", status: 404, blame: "user", executed: "no" }, "no such snapshot");

/** Follows a snapshot whose reads by id find nothing. */
async function followed(list: () => Promise<readonly Snapshot[]>) {
	const engine = countingEngine(START);
	const ports = {
		...CONFIGURED,
		now: engine.now,
		readSnapshot: () => Promise.reject(notFound()),
		listSnapshots: list,
	} as unknown as Ports;
	const bounds = {
		startedAt: START,
		since: START,
		seenAt: START,
		hardLimitAt: START + 3 * 86_400_000,
		firstPollSeconds: 15,
	};
	const { watch: seen } = await follow(
		ports,
		countOperations(engine),
		"follow-snapshot",
		TARGET,
		snapshot("inProgress"),
		bounds,
		() => START,
	);
	return { ...conclude(seen), at: seen.lookedAt };
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
