import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Fault, takeSnapshot } from "../../local/atlas/index.ts";
import { acquireRunner, releaseRunner } from "../../local/aws/durable-runner.ts";
import { type Harness, startHarness } from "../harness/harness.ts";

const taken = (harness: Harness, cluster = "prod-a") =>
	snapshotsOf(harness, cluster).filter(({ description }) => description?.includes("[run:"));
const snapshotsOf = (harness: Harness, cluster: string) =>
	harness.atlas.state.cluster(harness.atlas.projectId, cluster).snapshots;
const states = (harness: Harness, cluster = "prod-a") =>
	harness.published().flatMap(({ clusterName, state }) => (clusterName === cluster ? [state] : []));
const requests = (harness: Harness, kind: string) =>
	harness.atlas.log.filter((request) => request.kind === kind && request.status !== 401).length;

// Held for all tests, so that the runner's thread is started once.
beforeAll(() => acquireRunner(true));
afterAll(() => releaseRunner());

let harness: Harness;
afterEach(async () => {
	await harness[Symbol.asyncDispose]();
});

describe.each(["digest", "oauth"] as const)("over %s", (auth) => {
	test("a run takes one snapshot of each target, follows it and publishes STARTED and COMPLETED", async () => {
		harness = await startHarness({ auth });

		const { status, result } = await harness.runRequest({
			clusters: ["prod-a", "events"],
			description: "before release 42",
		});

		expect(status).toBe("SUCCEEDED");
		expect(result.targets).toMatchObject([
			{ clusterName: "prod-a", state: "COMPLETED", provenance: "created", reason: null },
			{ clusterName: "events", state: "COMPLETED", provenance: "created", reason: null },
		]);
		expect(states(harness)).toEqual(["STARTED", "COMPLETED"]);
		expect(states(harness, "events")).toEqual(["STARTED", "COMPLETED"]);
		const sharded = harness.published().findLast(({ clusterName }) => clusterName === "events");
		expect(sharded?.snapshot).toMatchObject({
			status: "completed",
			type: "shardedCluster",
			members: expect.any(Array),
			snapshotIds: expect.any(Array),
		});
		expect(sharded?.durationSeconds).toBeGreaterThanOrEqual(160);
		expect(taken(harness)).toHaveLength(1);
		expect(taken(harness)[0]?.description).toMatch(/^before release 42 \[run:[a-f0-9]{16}\]$/);
		expect(requests(harness, "take")).toBe(2);
	});
});

describe("promise 1: at most one snapshot", () => {
	test.each([
		["the reply is dropped after Atlas took it", { type: "drop", when: "after" }],
		["the reply is cut", { type: "cut", bytes: 40 }],
		["the reply is a proxy's page, though Atlas took it", { type: "html", status: 502, executed: true }],
		["the reply is an error, though Atlas took it", { type: "status", status: 500, executed: true }],
		["the reply is no JSON", { type: "garbage" }],
		["the network repeats the request, and the second answer comes", { type: "repeat", answer: "second" }],
	] as const)("when %s: it is found again by its marker", async (_what, fault) => {
		harness = await startHarness();
		harness.atlas.faults.add({ on: { kind: "take" }, do: fault });

		const { status, result } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(status).toBe("SUCCEEDED");
		expect(result.targets).toMatchObject([{ state: "COMPLETED", provenance: "recovered" }]);
		expect(taken(harness)).toHaveLength(1);
	});

	test.each([
		["the request never arrived", { type: "drop", when: "before" }],
		["Atlas had a fault", { type: "status", status: 503 }],
		["Atlas is being upgraded", { type: "status", status: 405, errorCode: "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES" }],
		["Atlas throttles", { type: "status", status: 429, errorCode: "RATE_LIMITED_TOKEN_BUCKET", retryAfter: 55 }],
	] as const)("when %s: it is asked for again, once", async (_what, fault) => {
		harness = await startHarness();
		harness.atlas.faults.add({ on: { kind: "take" }, do: fault });

		const { status, result } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(status).toBe("SUCCEEDED");
		expect(result.targets).toMatchObject([{ state: "COMPLETED", provenance: "created" }]);
		expect(taken(harness)).toHaveLength(1);
	});

	test("a second start under the same name is the same run", async () => {
		harness = await startHarness();

		await Promise.all([
			harness.runRequest({ clusters: ["prod-a"] }, { run: "twin" }),
			harness.runRequest({ clusters: ["prod-a"] }, { run: "twin" }),
		]);

		expect(harness.aws.runs).toHaveLength(1);
		expect(taken(harness)).toHaveLength(1);
	});
});

describe("promise 2: nothing is lost", () => {
	test("errors of polls are looked past, whatever they are", async () => {
		harness = await startHarness();
		const faults: Fault["do"][] = [
			{ type: "drop", when: "before" },
			{ type: "status", status: 500 },
			{ type: "status", status: 429, retryAfter: 30 },
			{ type: "html", status: 200 },
			{ type: "status", status: 404, errorCode: "SNAPSHOT_NOT_FOUND" },
			{ type: "status", status: 403, errorCode: "IP_ADDRESS_NOT_ON_ACCESS_LIST", parameters: ["10.0.0.1"] },
		];
		for (const [index, fault] of faults.entries()) {
			harness.atlas.faults.add({ on: { kind: "get", nth: index + 1 }, do: fault });
		}

		const { result } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(result.targets).toMatchObject([{ state: "COMPLETED" }]);
		expect(taken(harness)).toHaveLength(1);
	});

	test("one bad cluster neither holds up nor hides another", async () => {
		harness = await startHarness();

		const { status, result } = await harness.runRequest({
			clusters: ["nowhere", "prod-a", "sandbox", "archive", "scratch", "playground"],
		});

		expect(status).toBe("FAILED");
		expect(result.targets.map(({ clusterName, state, reason }) => [clusterName, state, reason?.code])).toEqual([
			["nowhere", "REFUSED", "CLUSTER_NOT_FOUND"],
			["prod-a", "COMPLETED", undefined],
			["sandbox", "REFUSED", "ATLAS_NOT_DEDICATED"],
			["archive", "REFUSED", "ATLAS_CLUSTER_PAUSED"],
			["scratch", "REFUSED", "ATLAS_BACKUP_OFF"],
			["playground", "REFUSED", expect.any(String)],
		]);
		expect(states(harness)).toEqual(["STARTED", "COMPLETED"]);
		expect(states(harness, "nowhere")).toEqual(["REFUSED"]);
	});

	test("a snapshot that vanishes is LOST, after a second look", async () => {
		harness = await startHarness();
		snapshotPlan(harness, { ending: "vanished" });

		const { status, result } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(status).toBe("FAILED");
		expect(result.targets).toMatchObject([{ state: "LOST", reason: { code: "SNAPSHOT_NOT_FOUND" } }]);
	});

	test("events that the bus does not take are offered until it does, once each", async () => {
		harness = await startHarness({
			aws: {
				faults: ({ operation, nth }) => {
					if (operation !== "PutEvents") return undefined;
					if (nth <= 4) return { do: "fail", status: 500, code: "InternalFailure" };
					return nth <= 6 ? { do: "refuse-entries", count: 1, code: "ThrottlingException" } : undefined;
				},
			},
		});

		const { status } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(status).toBe("SUCCEEDED");
		expect(states(harness)).toEqual(["STARTED", "COMPLETED"]);
	});
});

describe("promise 3: completed is said only after Atlas said it", () => {
	test("a snapshot that fails is FAILED, and so is the run", async () => {
		harness = await startHarness();
		snapshotPlan(harness, { ending: "failed" });

		const { status, result } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(status).toBe("FAILED");
		expect(result.targets).toMatchObject([{ state: "FAILED", reason: { code: "SNAPSHOT_FAILED" } }]);
		expect(states(harness)).toEqual(["STARTED", "FAILED"]);
	});

	test("an unknown status is looked at until a known one follows", async () => {
		harness = await startHarness();
		snapshotPlan(harness, { unknownStatus: "finalizing", seconds: 600 });

		const { result } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(result.targets).toMatchObject([{ state: "COMPLETED" }]);
		expect(result.targets[0]?.durationSeconds).toBeGreaterThanOrEqual(600);
	});
});

describe("promise 4: a snapshot that outlives the deadline is followed on", () => {
	test("LATE once, then COMPLETED 26 hours later", async () => {
		harness = await startHarness();
		snapshotPlan(harness, { seconds: 26 * 3600 });

		const { status } = await harness.runRequest({ clusters: ["prod-a"], deadlineMinutes: 90 });

		expect(status).toBe("SUCCEEDED");
		expect(states(harness)).toEqual(["STARTED", "LATE", "COMPLETED"]);
		expect(snapshotsOf(harness, "prod-a")).toHaveLength(1);
		expect(harness.published().at(-1)?.durationSeconds).toBeLessThan(26 * 3600 * 1.1);
	});

	test("LOST with the reason after three days", async () => {
		harness = await startHarness();
		snapshotPlan(harness, { ending: "endless" });

		const { status, result } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(status).toBe("FAILED");
		expect(states(harness)).toEqual(["STARTED", "LATE", "LOST"]);
		expect(result.targets[0]?.reason).toMatchObject({
			code: "HARD_LIMIT",
			message: expect.stringContaining("72 hours"),
		});
	});
});

describe("promise 5: keys rotate at any moment", () => {
	test.each(["digest", "oauth"] as const)("between take and poll, and between polls, over %s", async (auth) => {
		harness = await startHarness({ auth });
		const rotate = () => {
			harness.atlas.state.rotateKeys();
			harness.atlas.state.retireOldKeys();
			const { publicKey, privateKey, clientId, clientSecret } = harness.atlas;
			harness.aws.secrets.put(
				"atlas-keys",
				JSON.stringify(auth === "digest" ? { publicKey, privateKey } : { clientId, clientSecret }),
			);
		};
		let published = 0;
		harness.aws.onEvent(() => published++ === 0 && rotate());

		const { status } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(status).toBe("SUCCEEDED");
		expect(states(harness)).toEqual(["STARTED", "COMPLETED"]);
	});

	test.each([
		[
			"a wrong key",
			(s: Harness) => s.aws.secrets.put("atlas-keys", JSON.stringify({ publicKey: "abcdefgh", privateKey: "wrong" })),
			"ATLAS_KEY_REFUSED",
		],
		["no secret", (s: Harness) => s.aws.secrets.remove("atlas-keys"), "SECRET_UNREADABLE"],
		["a malformed secret", (s: Harness) => s.aws.secrets.put("atlas-keys", "{}"), "SECRET_INVALID"],
		[
			"an address off the access list",
			(s: Harness) => {
				s.atlas.state.settings.accessList = ["10.1.2.3"];
			},
			"IP_ADDRESS_NOT_ON_ACCESS_LIST",
		],
		[
			"a missing role",
			(s: Harness) => {
				s.atlas.state.roles.splice(0, 9, "Project Read Only");
			},
			"USER_UNAUTHORIZED",
		],
	])("%s has its own code in a REFUSED event", async (_what, breakIt, code) => {
		harness = await startHarness();
		breakIt(harness);

		const { status, result } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(status).toBe("FAILED");
		expect(states(harness)).toEqual(["REFUSED"]);
		expect(result.targets[0]?.reason?.code).toBe(code);
		expect(taken(harness)).toHaveLength(0);
	});
});

describe.each(["queued", "inProgress"] as const)("another's snapshot is %s", (status) => {
	const occupy = (seconds: number, ending: "completed" | "failed" = "completed", retentionInDays = 7) => {
		const { state, projectId } = harness.atlas;
		takeSnapshot(state, state.cluster(projectId, "prod-a"), {
			description: "by hand",
			retentionInDays,
			plan: { seconds, ending },
		});
		if (status === "inProgress") state.advance(30);
	};
	beforeEach(async () => {
		harness = await startHarness();
	});

	test("join follows it and says adopted", async () => {
		occupy(300);
		const { result } = await harness.runRequest({ clusters: ["prod-a"], onConflict: "join" });

		expect(result.targets).toMatchObject([{ state: "COMPLETED", provenance: "adopted" }]);
		expect(taken(harness)).toHaveLength(0);
	});

	test("join waits for one that is kept shorter than requested, and takes its own", async () => {
		occupy(300, "completed", 1);
		const { result } = await harness.runRequest({ clusters: ["prod-a"], onConflict: "join" });

		expect(result.targets).toMatchObject([{ state: "COMPLETED", provenance: "created" }]);
		expect(taken(harness)).toHaveLength(1);
	});

	test("join says FAILED when the joined one fails", async () => {
		occupy(300, "failed");
		const { result } = await harness.runRequest({ clusters: ["prod-a"], onConflict: "join" });

		expect(result.targets).toMatchObject([{ state: "FAILED", provenance: "adopted" }]);
	});

	test.each(["completed", "failed"] as const)("wait takes its own when the other has %s", async (ending) => {
		occupy(300, ending);
		const { result } = await harness.runRequest({ clusters: ["prod-a"], onConflict: "wait" });

		expect(result.targets).toMatchObject([{ state: "COMPLETED", provenance: "created" }]);
		expect(taken(harness)).toHaveLength(1);
	});

	test("wait gives up at the deadline", async () => {
		occupy(7200);
		const { result } = await harness.runRequest({ clusters: ["prod-a"], onConflict: "wait", deadlineMinutes: 30 });

		expect(result.targets).toMatchObject([{ state: "REFUSED", reason: { code: "UNFINISHED_ON_DEMAND_SNAPSHOT" } }]);
		expect(taken(harness)).toHaveLength(0);
	});

	test.each([
		["skip", "SKIPPED", "SUCCEEDED"],
		["fail", "REFUSED", "FAILED"],
	] as const)("%s ends as %s, and the run has %s", async (onConflict, state, ended) => {
		occupy(300);
		const { status: runStatus, result } = await harness.runRequest({ clusters: ["prod-a"], onConflict });

		expect(runStatus).toBe(ended);
		expect(result.targets).toMatchObject([{ state, reason: { code: "UNFINISHED_ON_DEMAND_SNAPSHOT" } }]);
		expect(taken(harness)).toHaveLength(0);
	});
});

function snapshotPlan(
	on: Harness,
	plan: { seconds?: number; ending?: "completed" | "failed" | "vanished" | "endless"; unknownStatus?: string },
) {
	on.atlas.state.cluster(on.atlas.projectId, "prod-a").nextPlans.push(plan);
}
