import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CHECK_NAMES } from "../../../lambda/domain/error-table.ts";
import { ServiceError } from "../../../lambda/domain/errors.ts";
import { type CheckRequest, runChecks, runDoctor } from "../../../lambda/monitoring/doctor/examine.ts";
import { type DoctorReport, formatReport } from "../../../lambda/monitoring/doctor/report.ts";
import { type AtlasSimulator, startAtlas, takeSnapshot } from "../../../local/atlas/index.ts";

const PROJECT = "5f0a1b2c3d4e5f6071829311";
const FOREIGN = "5f0a1b2c3d4e5f6071829313";
const SECRETS = {
	digest: ({ publicKey, privateKey }: AtlasSimulator) => JSON.stringify({ publicKey, privateKey }),
	oauth: ({ clientId, clientSecret }: AtlasSimulator) => JSON.stringify({ clientId, clientSecret }),
} as const;

let atlas: AtlasSimulator;
beforeEach(async () => {
	atlas = await startAtlas();
});
afterEach(() => atlas.close());

interface Given {
	scheme?: keyof typeof SECRETS;
	secret?: () => Promise<string>;
	baseUrl?: string;
	request?: Partial<CheckRequest>;
}

const examine = ({ scheme = "digest", secret, baseUrl = atlas.url, request }: Given = {}): Promise<DoctorReport> =>
	runDoctor(
		{
			baseUrl,
			secretId: "atlas-keys",
			readSecretText: secret ?? (async () => SECRETS[scheme](atlas)),
			now: () => atlas.state.now(),
		},
		{ retentionInDays: 7, projectId: PROJECT, clusterName: "prod-a", ...request },
	);

const lines = (report: DoctorReport, verdict: string) =>
	report.lines.filter((line) => line.verdict === verdict).map(({ check }) => check);
const cluster = (name = "prod-a") => atlas.state.cluster(PROJECT, name);
const snapshots = () =>
	[...atlas.state.projects.values()].flatMap(({ clusters }) => [...clusters.values()].flatMap((one) => one.snapshots));

const change = (part: object, fields: object): Given => {
	Object.assign(part, fields);
	return {};
};
const runningOn = (clusterName = "prod-a"): Given => {
	takeSnapshot(atlas.state, cluster(clusterName), { retentionInDays: 1, plan: { ending: "endless" } });
	return { request: { clusterName } };
};

describe.each(["digest", "oauth"] as const)("over %s", (scheme) => {
	test("if all is well every line is good, no snapshot is taken, and few requests are made", async () => {
		const report = await examine({ scheme });

		expect(report).toMatchObject({ healthy: true, projectId: PROJECT, clusterName: "prod-a" });
		expect(lines(report, "good")).toEqual([...CHECK_NAMES]);
		expect(snapshots()).toHaveLength(0);
		expect(atlas.log.length).toBeLessThanOrEqual(6);
	});

	const faults: readonly [what: string, line: string, message: RegExp, setUp: () => Given][] = [
		[
			"the secret cannot be read",
			"secret",
			/GetSecretValue/,
			() => ({ secret: () => Promise.reject(new ServiceError("SECRET_UNREADABLE", "allow GetSecretValue")) }),
		],
		["the secret holds something else", "secret", /must hold clientId/, () => ({ secret: async () => "{}" })],
		["nothing listens at the address of Atlas", "atlas", /ATLAS_BASE_URL/, () => ({ baseUrl: "http://127.0.0.1:9" })],
		[
			"Atlas has a fault",
			"atlas",
			/fault of its own/,
			() => {
				atlas.faults.add({ on: { kind: "groups", times: "always" }, do: { type: "status", status: 500 } });
				return {};
			},
		],
		["Atlas is being upgraded", "atlas", /upgrading/, () => change(atlas.state.settings, { upgrading: true })],
		[
			"the key is not the one that Atlas knows",
			"key",
			/does not accept/,
			() => {
				const old = SECRETS[scheme](atlas);
				atlas.state.rotateKeys();
				atlas.state.retireOldKeys();
				return { secret: async () => old };
			},
		],
		[
			"the address is off the access list",
			"address",
			/203\.0\.113\.7/,
			() => change(atlas.state.settings, { accessList: ["198.51.100.0/24"], clientAddress: "203.0.113.7" }),
		],
		["the project is foreign", "project", /another organisation/, () => ({ request: { projectId: FOREIGN } })],
		["there is no such project", "project", /no such project/, () => ({ request: { projectId: "0".repeat(24) } })],
		[
			"the keys see no project",
			"project",
			/see no project/,
			() => {
				atlas.state.projects.delete(PROJECT);
				atlas.state.projects.delete("5f0a1b2c3d4e5f6071829312");
				return { request: { projectId: undefined, clusterName: undefined } as never };
			},
		],
		["there is no such cluster", "cluster", /no cluster of this name/, () => ({ request: { clusterName: "nowhere" } })],
		[
			"the role only reads",
			"role",
			/Project Backup Creator/,
			() => change(atlas.state, { roles: ["Project Read Only"] }),
		],
		[
			"there is no role in the project at all",
			"role",
			/Project Backup Creator/,
			() => change(atlas.state, { roles: [] }),
		],
		["the cluster is an M0", "tier", /M10 or larger/, () => ({ request: { clusterName: "sandbox" } })],
		["the cluster is a Flex one", "tier", /M10 or larger/, () => ({ request: { clusterName: "playground" } })],
		["the cluster is being created", "state", /creating/, () => change(cluster(), { stateName: "CREATING" })],
		["the cluster is paused", "paused", /resume/, () => ({ request: { clusterName: "archive" } })],
		["backup is off", "backup", /turn it on/, () => ({ request: { clusterName: "scratch" } })],
		[
			"a Backup Compliance Policy requires a longer retention",
			"retention",
			/30 days/,
			() => change(atlas.state.project(PROJECT), { compliancePolicy: { onDemandDays: 30 } }),
		],
		["a snapshot is running", "running", /onConflict/, () => runningOn()],
		["a snapshot of a sharded cluster is running", "running", /onConflict/, () => runningOn("events")],
		[
			"the rate budget is used up",
			"budget",
			/rate limit/,
			() => change(atlas.state.project(PROJECT).buckets, { backups: { tokens: 0, steppedAt: atlas.state.now() } }),
		],
		[
			"the rate budget is nearly used up",
			"budget",
			/requests are left/,
			() => change(atlas.state.settings.buckets, { backups: { capacity: 20, refillRate: 1, refillSeconds: 60 } }),
		],
	];

	test.each(faults)("if %s, the line “%s” is bad, and no other", async (_what, line, message, setUp) => {
		const before = snapshots().length;
		const given = setUp();
		const begun = snapshots().length;

		const report = await examine({ scheme, ...given });

		expect(lines(report, "bad"), formatReport(report)).toEqual([line]);
		expect(report.healthy).toBe(false);
		expect(report.lines.find(({ check }) => check === line)?.message).toMatch(message);
		expect(report.lines.map(({ check }) => check)).toEqual([...CHECK_NAMES]);
		expect(snapshots()).toHaveLength(begun);
		expect(begun - before).toBeLessThanOrEqual(1);
	});
});

test.each([
	[402, "ACCOUNT_SUSPENDED", "role", /bill/],
	[402, "NO_PAYMENT_INFORMATION_FOUND", "role", /bill/],
	[400, "CANNOT_START_BACKUP_NO_BILLING_INFO", "role", /bill/],
	[401, "NOT_IN_GROUP", "project", /another organisation or project/],
	[403, "USER_CANNOT_ACCESS_GROUP", "project", /another organisation or project/],
	[401, "USER_UNAUTHORIZED", "role", /Project Backup Creator/],
	[403, "RESOURCE_REQUIRES_ACCESS_LIST", "address", /access list/],
	[400, "FEATURE_UNSUPPORTED", "role", /as it is now/],
	[400, "UNKNOWN_ERROR_OF_TOMORROW", "role", /rejects the request/],
	[409, undefined, "role", /something else is going on/],
	[403, undefined, "role", /forbids/],
	[404, undefined, "role", /does not find it/],
	[405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES", "atlas", /upgrading/],
	[500, "UNEXPECTED_ERROR", "atlas", /fault of its own/],
] as const)("the role is not good after %i %s", async (status, errorCode, line, message) => {
	atlas.faults.add({ on: { kind: "take", times: "always" }, do: { type: "status", status, errorCode } });

	const report = await examine();

	expect(report.healthy).toBe(false);
	expect(lines(report, "bad")).toEqual([line]);
	expect(lines(report, "good")).not.toContain("role");
	expect(report.lines.find(({ verdict }) => verdict === "bad")?.message).toMatch(message);
});

test("two faults are two bad lines", async () => {
	Object.assign(cluster(), { paused: true, backupEnabled: false });

	expect(lines(await examine(), "bad")).toEqual(["paused", "backup"]);
});

test("without names, the first project and its first eligible cluster are checked", async () => {
	cluster().paused = true;

	const report = await examine({ request: { projectId: undefined, clusterName: undefined } as never });

	expect(report).toMatchObject({ healthy: true, projectId: PROJECT, clusterName: "prod-b" });
});

test("a snapshot that Atlas takes though it had to refuse it is reported", async () => {
	const report = await runChecks(
		{
			readSecret: async () => ({ shape: "clientId, clientSecret" }),
			listProjects: async () => [{ id: PROJECT }],
			listClusters: async () => [],
			readCluster: async () => ({ name: "prod-a" }),
			listSnapshots: async () => [],
			readLeastRetention: async () => undefined,
			probeCreatePermission: async () => ({}),
			requestsRemaining: () => 100,
		},
		{ projectId: PROJECT, clusterName: "prod-a", retentionInDays: 7 },
	);

	expect(lines(report, "bad")).toEqual(["role"]);
});

test("no line holds a key", async () => {
	for (const roles of [[], ["Project Read Only"], ["Project Backup Creator"]] as const) {
		atlas.state.roles = [...roles];
		const text = JSON.stringify([await examine(), await examine({ scheme: "oauth" })]);
		for (const key of [atlas.publicKey, atlas.privateKey, atlas.clientId, atlas.clientSecret]) {
			expect(text).not.toContain(key);
		}
	}
});

test("a policy that the keys may not read is skipped, and the report stays healthy", async () => {
	atlas.faults.add({
		on: { kind: "compliancePolicy" },
		do: { type: "status", status: 401, errorCode: "USER_UNAUTHORIZED" },
	});

	const report = await examine();

	expect(lines(report, "skipped")).toEqual(["retention"]);
	expect(report.healthy).toBe(true);
});
