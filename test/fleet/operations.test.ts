import { expect, test } from "vitest";
import { AtlasError } from "../../lambda/domain/errors.ts";
import type { SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import { backUp } from "../../lambda/run/back-up.ts";
import { TARGETS_PER_EXECUTION } from "../../lambda/run/operations.ts";
import type { Ports } from "../../lambda/run/ports.ts";
import type { Steps } from "../../lambda/run/steps.ts";
import { CONFIGURED } from "../run/configured.ts";
import { openStage } from "../run/stage.ts";

const HOUR = 3_600_000;
/** Operations of an execution apart from its targets: itself, the selection, the map. */
const OWN_OPERATIONS = 3;
/** The service's own limit; AWS's is 3,000. */
const LIMIT = 2_400;

interface Engine extends Steps {
	readonly now: () => number;
	readonly operations: () => number;
}

/** Counts as the durable engine does, on a clock that only waits move: each attempt and each check is an operation. */
function countingEngine(): Engine {
	let at = Date.parse("2026-10-24T02:00:00Z");
	// The branch of the target.
	let operations = 1;
	const step = <T>(_name: string, work: () => Promise<T>): Promise<T> => {
		operations += 1;
		return work();
	};
	return {
		now: () => at,
		operations: () => operations,
		step,
		once: step,
		insist: step,
		async sleep(_name, seconds) {
			operations += 1;
			at += seconds * 1000;
		},
		async until(_name, initial, check, next) {
			let state = initial;
			for (;;) {
				operations += 1;
				state = await check(state);
				const seconds = next(state);
				if (seconds === "stop") return state;
				at += seconds * 1000;
			}
		},
	};
}

const idAt = (at: number) =>
	`${Math.floor(at / 1000)
		.toString(16)
		.padStart(8, "0")}${"0".repeat(16)}`;

/** One target whose snapshot lasts so many hours, of a cluster that has younger ones, and whose first request is lost. */
async function carryOut(hours: number, firstPollSeconds: number) {
	const engine = countingEngine();
	const startedAt = engine.now();
	const events: SnapshotStateChange[] = [];
	let asks = 0;
	const snapshot = (requestedAt: number) => ({
		id: idAt(requestedAt),
		status: engine.now() - requestedAt >= hours * HOUR ? "completed" : "inProgress",
		snapshotType: "onDemand",
		type: "replicaSet",
	});
	const ports: Ports = {
		...CONFIGURED,
		now: engine.now,
		async takeSnapshot() {
			asks += 1;
			if (asks > 1) return snapshot(engine.now());
			throw new AtlasError({ code: "ATLAS_NO_REPLY", blame: "transient", executed: "unknown" }, "atlas: no reply");
		},
		readSnapshot: async (_target, id) => snapshot(Number.parseInt(id.slice(0, 8), 16) * 1000),
		listSnapshots: async () => [],
		readCluster: async () => ({ name: "c" }),
		listClusters: async () => [],
		listProjects: async () => [],
		publish: async (event) => void events.push(event),
	};
	const target = { projectId: "32b6e34b3d91647abb20e7b8", clusterName: "c" };
	const request = readSnapshotRequest({ ...target, deadlineMinutes: 60, minimumAgeMinutes: 30 });
	await backUp(
		ports,
		engine,
		{ run: "http-1", trigger: "http", requestedBy: "local", request },
		target,
		startedAt,
		firstPollSeconds,
	);
	return { operations: engine.operations(), states: events.map(({ state }) => state) };
}

test("an execution of snapshots that last a day each stays within 2,400 operations, lost replies and all", async () => {
	const { operations, states } = await carryOut(24, 15);

	expect(states).toEqual(["STARTED", "LATE", "COMPLETED"]);
	expect(OWN_OPERATIONS + TARGETS_PER_EXECUTION * operations).toBeLessThanOrEqual(LIMIT);
});

test("and so it is by the history of AWS's own runner", async () => {
	await using stage = await openStage({ atlas: { snapshotSeconds: 24 * 3600 }, env: { FIRST_POLL_SECONDS: "15" } });

	// One target: among several, the runner with skipped time checks conditions more often than they ask for.
	const { status, history } = await stage.carryOut({ clusters: ["prod-a"] });
	const begun = history.map((event) => Object(event)["EventType"]).filter((type) => /Started$/.test(type)).length;

	expect(status).toBe("SUCCEEDED");
	expect(OWN_OPERATIONS + TARGETS_PER_EXECUTION * (begun - OWN_OPERATIONS)).toBeLessThanOrEqual(LIMIT);
});

test("and within AWS's 3,000 when following has to be given up after three days", async () => {
	const { operations, states } = await carryOut(100, 15);

	expect(states).toEqual(["STARTED", "LATE", "LOST"]);
	expect(OWN_OPERATIONS + TARGETS_PER_EXECUTION * operations).toBeLessThan(3_000);
});
