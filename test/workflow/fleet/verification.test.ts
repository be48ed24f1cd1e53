import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { verifySnapshot } from "../../../lambda/workflow/verify.ts";
import { takeSnapshot } from "../../../local/atlas/index.ts";
import { REQUEST, startAtlasClient } from "../../harness/atlas-client.ts";
import { type Harness, startHarness } from "../../harness/harness.ts";
import { DEFAULT_PORTS } from "../../harness/ports.ts";

const GIGABYTE = 1_000_000_000;
let harness: Harness;

const cluster = (name = "prod-a") => harness.atlas.state.cluster(harness.atlas.projectId, name);
/** A snapshot that was completed an hour ago. */
const earlier = (plan: Parameters<typeof takeSnapshot>[2]["plan"], name = "prod-a") => {
	takeSnapshot(harness.atlas.state, cluster(name), { retentionInDays: 30, plan: { seconds: 10, ...plan } });
	harness.atlas.state.advance(3600);
};
const ended = () => harness.published().at(-1);
const codes = () => ended()?.warnings?.map(({ code }) => code);

describe("a completed snapshot is looked over once more", () => {
	beforeEach(async () => {
		harness = await startHarness();
	});
	afterEach(async () => {
		await harness[Symbol.asyncDispose]();
	});

	test("and where nothing is to be doubted, no field says so", async () => {
		earlier({ sizeBytes: GIGABYTE, copyRegions: ["EU_WEST_1"] });
		cluster().nextPlans.push({ sizeBytes: GIGABYTE / 2, copyRegions: ["EU_WEST_1", "US_EAST_1"] });

		const { result } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(ended()).toMatchObject({ state: "COMPLETED", snapshot: { storageSizeBytes: GIGABYTE / 2 } });
		expect(ended()).not.toHaveProperty("warnings");
		expect(result.targets[0]).not.toHaveProperty("warnings");
	});

	test.each([
		["size under half of the last one's", { sizeBytes: GIGABYTE / 2 - 1, copyRegions: ["EU_WEST_1"] }, "SIZE_HALVED"],
		["a fallback", { sizeBytes: GIGABYTE, copyRegions: ["EU_WEST_1"], snapshotType: "fallback" }, "FALLBACK_SNAPSHOT"],
		["no copy in a region that an earlier one had", { sizeBytes: GIGABYTE }, "COPY_MISSING"],
	] as const)("%s is told, in the event and in the run's result", async (_what, plan, code) => {
		earlier({ sizeBytes: GIGABYTE, copyRegions: ["EU_WEST_1"] });
		cluster().nextPlans.push(plan);

		const { status, result } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(status).toBe("SUCCEEDED");
		expect(codes()).toEqual([code]);
		expect(result.targets[0]?.warnings?.map((warning) => warning.code)).toEqual([code]);
	});

	test("a retention that was shortened meanwhile is told, and the event carries the final one", async () => {
		let changed = false;
		harness.aws.onEvent(() => {
			if (changed) return;
			changed = true;
			for (const snapshot of cluster().snapshots) snapshot.retention = 86_400_000;
		});

		await harness.runRequest({ clusters: ["prod-a"], retentionInDays: 7 });

		expect(ended()?.state).toBe("COMPLETED");
		expect(codes()).toEqual(["RETENTION_SHORTER"]);
	});

	test("of a sharded cluster as well, by its own list", async () => {
		earlier({ sizeBytes: GIGABYTE }, "events");
		cluster("events").nextPlans.push({ sizeBytes: 1000 });

		await harness.runRequest({ clusters: ["events"] });

		expect(codes()).toEqual(["SIZE_HALVED"]);
		expect(harness.atlas.log.filter(({ kind }) => kind === "list")).toHaveLength(0);
	});

	test("by one request", async () => {
		await harness.runRequest({ clusters: ["prod-a"] });

		const kinds = harness.atlas.log.map(({ kind }) => kind);
		expect(kinds.slice(-2)).toEqual(["get", "list"]);
	});
});

test.each([
	["does not answer", { type: "drop", when: "before" }],
	["has a fault", { type: "status", status: 500 }],
	["throttles", { type: "status", status: 429, retryAfter: 60 }],
	["answers nonsense", { type: "garbage" }],
	["refuses the keys", { type: "status", status: 401, errorCode: "USER_UNAUTHORIZED" }],
] as const)(
	"where Atlas %s, the snapshot stays as it was seen, and the warning says that it is not proven",
	async (_what, fault) => {
		await using r = await startAtlasClient("digest");
		const { id } = await r.atlas.takeSnapshot(r.target, REQUEST);
		r.simulator.state.advance(60);
		const completed = await r.atlas.readSnapshot(r.target, id);
		r.simulator.faults.add({ on: { kind: "list", times: "always" }, do: fault });
		const ports = { ...r.atlas, ...DEFAULT_PORTS, now: () => r.simulator.state.now(), publish: async () => {} };

		const proof = await verifySnapshot(ports, r.target, completed, 7, 0);

		expect(proof.snapshot).toBe(completed);
		expect(proof.warnings.map(({ code }) => code)).toEqual(["NOT_PROVEN"]);
	},
);

test("a rate limit is waited for, for a while", async () => {
	await using r = await startAtlasClient("digest");
	const { id } = await r.atlas.takeSnapshot(r.target, REQUEST);
	r.simulator.state.advance(60);
	const completed = await r.atlas.readSnapshot(r.target, id);
	r.simulator.faults.add({ on: { kind: "list" }, do: { type: "status", status: 429, retryAfter: 30 } });
	const ports = { ...r.atlas, ...DEFAULT_PORTS, now: () => r.simulator.state.now(), publish: async () => {} };
	const proveAgain = () => verifySnapshot(ports, r.target, completed, 7, ports.now() + 60_000);

	await expect(proveAgain()).rejects.toMatchObject({ name: "ATLAS_RATE_LIMITED" });
	r.simulator.state.advance(30);

	expect((await proveAgain()).warnings).toEqual([]);
});

test("a proof that fails leaves the run COMPLETED", async () => {
	await using own = await startHarness();
	harness = own;
	harness.atlas.faults.add({ on: { kind: "list", times: "always" }, do: { type: "status", status: 500 } });

	const { status } = await harness.runRequest({ clusters: ["prod-a"] });

	expect(status).toBe("SUCCEEDED");
	expect(ended()).toMatchObject({ state: "COMPLETED", snapshot: { status: "completed" } });
	expect(codes()).toEqual(["NOT_PROVEN"]);
});
