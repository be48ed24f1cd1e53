import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DoctorReport } from "../../lambda/monitoring/doctor/report.ts";
import { type AtlasSimulator, startAtlas, takeSnapshot } from "../../local/atlas/index.ts";
import { type FakeAws, startFakeAws } from "../../local/aws/index.ts";
import { setFunctionEnvironment } from "../../local/environment.ts";
import { startServer } from "../harness/loopback.ts";

const SHOP = "5f0a1b2c3d4e5f6071829311";

let atlas: AtlasSimulator;
let aws: FakeAws;
let handle: (event: unknown) => Promise<unknown>;
let written: string[];
let modules = 0;

beforeEach(async () => {
	atlas = await startAtlas({ snapshotSeconds: 1 });
	const { publicKey, privateKey } = atlas;
	aws = await startFakeAws({
		secrets: { "atlas-keys": JSON.stringify({ publicKey, privateKey }) },
		snapshotHandler: async () => () => undefined,
	});
	setFunctionEnvironment(process.env, aws, {
		ATLAS_SECRET_ID: "atlas-keys",
		ATLAS_BASE_URL: atlas.url,
		EVENT_BUS_NAME: "default",
		STACK_NAME: "staging",
	});
	written = [];
	for (const stream of [process.stdout, process.stderr]) {
		vi.spyOn(stream, "write").mockImplementation((chunk) => {
			written.push(String(chunk));
			return true;
		});
	}
	const path = `../../lambda/handlers/freshness.ts?module=${modules++}`;
	const { handler } = await import(path);
	handle = (event) => handler(event, {});
});
afterEach(async () => {
	await aws.close();
	await atlas.close();
});

const emitted = () =>
	written
		.flatMap((chunk) => chunk.split("\n"))
		.filter((line) => line.startsWith("{"))
		.map((line) => JSON.parse(line));
const metrics = (name: string) => emitted().filter((line) => name in line && "_aws" in line);

function takeSnapshotTenMinutesAgo() {
	const { state } = atlas;
	state.advance(-600);
	takeSnapshot(state, state.cluster(SHOP, "prod-a"), { retentionInDays: 1 });
	state.advance(600);
}

const targets = ["prod-a", "prod-b"].map((clusterName) => ({
	projectId: SHOP,
	clusterName,
	expectedEveryMinutes: 1440,
}));

test("the age of each cluster is its own metric; a cluster without a snapshot has none, and a line in the log", async () => {
	takeSnapshotTenMinutesAgo();

	const result = await handle({ targets });

	const [age, ...others] = metrics("SnapshotAge");
	expect(others).toEqual([]);
	expect(age).toMatchObject({ stack: "staging", project: SHOP, cluster: "prod-a" });
	expect(age.SnapshotAge).toBeGreaterThanOrEqual(600);
	expect(age.SnapshotAge).toBeLessThan(660);
	expect(age._aws.CloudWatchMetrics).toMatchObject([
		{ Namespace: "AtlasSnapshots", Dimensions: [["stack", "project", "cluster"]], Metrics: [{ Unit: "Seconds" }] },
	]);
	const [count] = metrics("ClustersNotFresh");
	expect(count).toMatchObject({
		stack: "staging",
		ClustersNotFresh: 1,
		_aws: { CloudWatchMetrics: [{ Dimensions: [["stack"]] }] },
	});
	expect(emitted().find(({ message }) => message === "not fresh")).toMatchObject({
		cluster_name: "prod-b",
		reason: { code: "NO_SNAPSHOT" },
	});
	expect(result).toMatchObject({ freshness: [{ clusterName: "prod-a", fresh: true }, { clusterName: "prod-b" }] });
});

test("clusters in a list or a selection have no metric of their own: they share one", async () => {
	const daily = { expectedEveryMinutes: 1440, projectId: SHOP };

	await handle({
		targets: [
			{ ...daily, clusters: ["prod-a", "prod-b"] },
			{ ...daily, clusters: "all" },
		],
	});

	expect(metrics("SnapshotAge")).toEqual([]);
	expect(metrics("ClustersNotFresh")).toHaveLength(1);
});

test("it works when no run ever began, and records refused keys as a metric", async () => {
	atlas.state.rotateKeys();
	atlas.state.retireOldKeys();

	await handle({ targets });

	expect(aws.runs).toHaveLength(0);
	expect(metrics("SnapshotAge")).toEqual([]);
	expect(metrics("ClustersNotFresh")).toMatchObject([{ ClustersNotFresh: 2 }]);
	expect(metrics("AtlasCredentialsRefused").length).toBeGreaterThan(0);
});

test('{"doctor": true} returns the report, and takes no snapshot', async () => {
	const good = await handle({ doctor: true });
	const bad = await handle({ doctor: true, projectId: SHOP, clusterName: "archive" });

	expect(good).toMatchObject({ healthy: true, projectId: SHOP, clusterName: "prod-a" });
	expect(bad).toMatchObject({ healthy: false, clusterName: "archive" });
	expect(atlas.state.cluster(SHOP, "prod-a").snapshots).toHaveLength(0);
	expect(metrics("SnapshotAge")).toEqual([]);
});

test("the doctor reads the current secret, though the function has cached an older one", async () => {
	await handle({ targets });
	aws.secrets.remove("atlas-keys");

	const report = await handle({ doctor: true });

	const lines = (report as DoctorReport).lines.filter(({ verdict }) => verdict === "bad");
	expect(lines.map(({ check }) => check)).toEqual(["secret"]);
});

test.each([[{}], [{ doctor: "yes" }], [{ doctor: true, projectId: "x" }], [{ targets: [{}] }]])(
	"%j fails the invocation, which raises the alarm",
	async (event) => {
		await expect(handle(event)).rejects.toThrow(/^(event|request|doctor): /);
	},
);

test("each check pings the heartbeat with its result; a refused ping fails nothing, and its URL is never logged", async () => {
	const pings: (string | undefined)[] = [];
	await using server = await startServer(({ url }, reply) => {
		pings.push(url);
		reply.writeHead(pings.length > 1 ? 500 : 200).end();
	});
	process.env["HEARTBEAT_URL"] = `${server.url}/t0ken`;
	takeSnapshotTenMinutesAgo();

	await handle({ targets: targets.slice(0, 1) });
	await handle({ targets });
	await handle({ doctor: true });

	delete process.env["HEARTBEAT_URL"];
	expect(pings).toEqual(["/t0ken", "/t0ken/fail"]);
	expect(emitted().filter(({ message }) => message === "heartbeat not accepted")).toMatchObject([
		{ failure: "status 500" },
	]);
	expect(written.join()).not.toContain("t0ken");
});
