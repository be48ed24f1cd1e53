import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import type { Ports } from "../../lambda/workflow/ports.ts";
import { runRequest } from "../../lambda/workflow/run.ts";
import { acquireRunner, releaseRunner } from "../../local/aws/durable-runner.ts";
import { DEFAULT_PORTS } from "../harness/ports.ts";

beforeAll(() => acquireRunner(true));
afterAll(() => releaseRunner());

test("promise 2: a target with a defect in its workflow still has a published final state, and does not affect the others", async () => {
	const events: SnapshotStateChange[] = [];
	const id = `${Math.floor(Date.now() / 1000).toString(16)}${"0".repeat(16)}`;
	const completed: Snapshot = { id, status: "completed" };
	const never = () => Promise.reject(new Error("not asked for here"));
	const ports: Ports = {
		...DEFAULT_PORTS,
		now: () => Date.now(),
		// A defect of an adapter: no snapshot, and no failure either.
		takeSnapshot: async ({ clusterName }) => (clusterName === "broken" ? (null as unknown as Snapshot) : completed),
		readSnapshot: async () => completed,
		listSnapshots: async () => [completed],
		readCluster: never,
		listClusters: never,
		listProjects: never,
		publish: async (event) => void events.push(event),
	};
	const request = readSnapshotRequest({ projectId: "32b6e34b3d91647abb20e7b8", clusters: ["broken", "well"] });
	const runner = new LocalDurableTestRunner({ handlerFunction: withDurableExecution(runRequest(ports, 60)) });

	const execution = await runner.run({ payload: { run: "http-1", trigger: "http", requestedBy: "local", request } });

	expect(execution.getStatus()).toBe("FAILED");
	const finals = events
		.filter(({ state }) => state !== "STARTED")
		.map(({ clusterName, state, reason }) => [clusterName, state, reason?.code]);
	expect(finals.toSorted(([a = ""], [b = ""]) => a.localeCompare(b))).toEqual([
		["broken", "LOST", "BROKEN_OFF"],
		["well", "COMPLETED", undefined],
	]);
});
