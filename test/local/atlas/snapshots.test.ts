import { describe, expect, it } from "vitest";
import { startAtlas } from "../../../local/atlas/index.ts";
import { createCaller, manualClock } from "./caller.ts";

const outcome = ({ status, json }: { status: number; json: { errorCode?: string } | undefined }) => [
	status,
	json?.errorCode,
];

describe("taking a snapshot", () => {
	it("refuses a second one on the cluster until the first has ended, and not on another cluster", async () => {
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

	it("refuses with 409 when told to", async () => {
		await using atlas = await startAtlas({ snapshotSeconds: 60, settings: { conflictStatus: 409 } });
		const { take } = await createCaller(atlas);
		await take("prod-a");
		expect(outcome(await take("prod-a"))).toEqual([409, "UNFINISHED_ON_DEMAND_SNAPSHOT"]);
	});

	it("lets only one of twenty concurrent takings through", async () => {
		await using atlas = await startAtlas({ snapshotSeconds: 60 });
		const { take } = await createCaller(atlas);
		const all = await Promise.all(Array.from({ length: 20 }, () => take("prod-a")));
		expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
		expect(atlas.state.cluster(atlas.projectId, "prod-a").snapshots).toHaveLength(1);
	});

	it("shows a new snapshot in lists only after the delay that it is told, and by its id at once", async () => {
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

	it("does not mind a scheduled snapshot in progress", async () => {
		await using atlas = await startAtlas({
			projects: [{ clusters: [{ name: "a", nextPlans: [{ snapshotType: "scheduled", ending: "endless" }] }] }],
		});
		const { take } = await createCaller(atlas);
		await take("a");
		expect((await take("a")).status).toBe(200);
	});

	it.each([
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

	it.each(["CREATING", "DELETING"] as const)("refuses a cluster that is %s", async (stateName) => {
		await using atlas = await startAtlas({ projects: [{ clusters: [{ name: "a", stateName }] }] });
		const { take } = await createCaller(atlas);
		expect((await take("a")).status).toBeGreaterThanOrEqual(400);
	});

	it.each([
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

	it("keeps to the project's Backup Compliance Policy, in taking, retaining and deleting", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({
			now: clock.now,
			roles: ["Project Owner"],
			projects: [{ clusters: ["a"], compliancePolicy: { onDemandDays: 5 } }],
		});
		const { take, call, get, snapshots } = await createCaller(atlas);
		const tooShort = "SNAPSHOT_RETENTION_LESS_THAN_BACKUP_COMPLIANCE_POLICY";
		expect(outcome(await take("a", { retentionInDays: 4 }))).toEqual([400, tooShort]);
		const path = `${snapshots("a")}/${(await take("a", { retentionInDays: 5 })).json.id}`;
		clock.forward(60);
		expect(outcome(await call("PATCH", path, { retentionUnit: "DAYS", retentionValue: 4 }))).toEqual([400, tooShort]);
		expect(outcome(await call("DELETE", path))[1]).toBe("CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY");
		const policy = await get(`/groups/${atlas.projectId}/backupCompliancePolicy`);
		expect(policy.json.onDemandPolicyItem).toMatchObject({ retentionUnit: "days", retentionValue: 5 });
	});

	it("changes retention and deletes only what has ended", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({ now: clock.now, roles: ["Project Backup Manager"] });
		const { take, call, get, snapshots } = await createCaller(atlas);
		const path = `${snapshots("prod-a")}/${(await take("prod-a")).json.id}`;
		const weeks = { retentionUnit: "WEEKS", retentionValue: 2 };
		expect(outcome(await call("PATCH", path, weeks))[1]).toBe("CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION");
		expect(outcome(await call("DELETE", path))[1]).toBe("CANNOT_DELETE_IN_PROGRESS_SNAPSHOT");
		clock.forward(4);
		expect((await call("PATCH", path, weeks)).json.expiresAt).toBe("2026-08-24T00:00:04Z");
		expect(outcome(await call("PATCH", path, { retentionUnit: "weeks", retentionValue: 2 }))[1]).toBe(
			"INVALID_ENUM_VALUE",
		);
		const gone = await call("DELETE", path);
		expect([gone.status, gone.text]).toEqual([204, ""]);
		expect(gone.headers.get("content-type")).toBe("application/vnd.atlas.2023-01-01+json;charset=utf-8");
		expect(outcome(await get(path))).toEqual([404, "SNAPSHOT_NOT_FOUND"]);
	});

	it("deletes a sharded snapshot whole, never one shard of it, and as late as it is told", async () => {
		const clock = manualClock("2026-08-10T00:00:00Z");
		await using atlas = await startAtlas({
			now: clock.now,
			roles: ["Project Backup Manager"],
			settings: { deleteSeconds: 30 },
		});
		const { take, call, get, snapshots } = await createCaller(atlas);
		const path = `${snapshots("events")}/shardedCluster/${(await take("events")).json.id}`;
		clock.forward(60);
		const shard: string = (await get(path)).json.snapshotIds[0];
		const one = await call("DELETE", `${snapshots("events")}/${shard}`);
		expect(outcome(one)).toEqual([403, "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT"]);
		expect((await call("DELETE", path)).status).toBe(204);
		expect((await get(path)).status).toBe(200);
		clock.forward(30);
		expect((await get(path)).status).toBe(404);
	});
});
