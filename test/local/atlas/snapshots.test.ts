import { describe, expect, test } from "vitest";
import { startAtlas } from "../../../local/atlas/index.ts";
import { createCaller, manualClock } from "./caller.ts";

const outcome = ({ status, json }: { status: number; json: { errorCode?: string } | undefined }) => [
	status,
	json?.errorCode,
];

describe("taking a snapshot", () => {
	test("refuses a second one on the cluster until the first has ended, and not on another cluster", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now });
		const { take } = await createCaller(atlas);
		expect((await take("prod-a")).status).toBe(200);
		const second = await take("prod-a");
		expect(outcome(second)).toEqual([400, "UNFINISHED_ON_DEMAND_SNAPSHOT"]);
		expect(second.headers.get("x-error-code")).toBe("UNFINISHED_ON_DEMAND_SNAPSHOT");
		expect((await take("prod-b")).status).toBe(200);
		clock.forward(4);
		expect((await take("prod-a")).status).toBe(200);
	});

	test("refuses with 409 where the settings say so", async () => {
		await using atlas = await startAtlas({ snapshotSeconds: 60, settings: { conflictStatus: 409 } });
		const { take } = await createCaller(atlas);
		await take("prod-a");
		expect(outcome(await take("prod-a"))).toEqual([409, "UNFINISHED_ON_DEMAND_SNAPSHOT"]);
	});

	test("lets only one of twenty concurrent takings through", async () => {
		await using atlas = await startAtlas({ snapshotSeconds: 60 });
		const { take } = await createCaller(atlas);
		const all = await Promise.all(Array.from({ length: 20 }, () => take("prod-a")));
		expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
		expect(atlas.state.cluster(atlas.projectId, "prod-a").snapshots).toHaveLength(1);
	});

	test("shows a new snapshot in lists only after the delay that it is told, and by its id at once", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now, settings: { listDelaySeconds: 30 } });
		const { get, snapshots, take } = await createCaller(atlas);
		const { id } = (await take("prod-a")).json;
		clock.forward(29);
		expect((await get(snapshots("prod-a"))).json.results).toEqual([]);
		expect((await get(`${snapshots("prod-a")}/${id}`)).status).toBe(200);
		clock.forward(1);
		expect((await get(snapshots("prod-a"))).json.results).toHaveLength(1);
	});

	test("does not mind a scheduled snapshot in progress", async () => {
		await using atlas = await startAtlas({
			projects: [{ clusters: [{ name: "a", nextPlans: [{ snapshotType: "scheduled", ending: "endless" }] }] }],
		});
		const { take } = await createCaller(atlas);
		await take("a");
		expect((await take("a")).status).toBe(200);
	});

	test.each([
		["playground", 400, "CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API"],
		["sandbox", 400, "PROVIDER_BACKUP_NOT_SUPPORTED"],
		["archive", 409, "CANNOT_UPDATE_PAUSED_CLUSTER"],
		["scratch", 404, "BACKUP_CONFIG_NOT_FOUND"],
		["nowhere", 404, "CLUSTER_NOT_FOUND"],
	])("refuses cluster %s with %i %s", async (name, status, errorCode) => {
		await using atlas = await startAtlas();
		const { take } = await createCaller(atlas);
		expect(outcome(await take(name))).toEqual([status, errorCode]);
	});

	test.each(["CREATING", "DELETING"] as const)("refuses a cluster that is %s", async (stateName) => {
		await using atlas = await startAtlas({ projects: [{ clusters: [{ name: "a", stateName }] }] });
		const { take } = await createCaller(atlas);
		expect((await take("a")).status).toBeGreaterThanOrEqual(400);
	});

	test.each([
		["not json", 400, "INVALID_JSON"],
		["", 400, "INVALID_JSON"],
		["[]", 400, "INVALID_JSON"],
		['{"retentionInDays":0}', 400, "ATTRIBUTE_NEGATIVE_OR_ZERO"],
		['{"retentionInDays":1.5}', 400, "INVALID_ATTRIBUTE"],
		['{"retentionInDays":"7"}', 400, "INVALID_ATTRIBUTE"],
		['{"description":7}', 400, "INVALID_ATTRIBUTE"],
		['{"retention":7}', 400, "INVALID_ATTRIBUTE"],
	])("refuses the body %j", async (body, status, errorCode) => {
		await using atlas = await startAtlas();
		const { take } = await createCaller(atlas);
		expect(outcome(await take("prod-a", body))).toEqual([status, errorCode]);
	});

	test("keeps to the project's Backup Compliance Policy", async () => {
		await using atlas = await startAtlas({
			projects: [{ clusters: ["a"], compliancePolicy: { onDemandDays: 5 } }],
		});
		const { take, get } = await createCaller(atlas);
		const tooShort = "SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY";
		expect(outcome(await take("a", { retentionInDays: 4 }))).toEqual([400, tooShort]);
		expect((await take("a", { retentionInDays: 5 })).status).toBe(200);
		const policy = await get(`/groups/${atlas.projectId}/backupCompliancePolicy`);
		expect(policy.json.onDemandPolicyItem).toMatchObject({ retentionUnit: "days", retentionValue: 5 });
	});
});
