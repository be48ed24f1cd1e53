import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { USER_AGENT } from "../../lambda/atlas/resources/requests.ts";
import { REQUEST, startAtlasClient } from "../harness/atlas-client.ts";

const projects = [{ clusters: Array.from({ length: 100 }, (_, i) => `cluster-${i}`) }];

test.each([
	["digest", 1.1],
	["oauth", 1.05],
] as const)("requests per snapshot of a run of a hundred targets over %s: at most %d", async (scheme, most) => {
	await using r = await startAtlasClient(scheme, { projects });

	const snapshots = await Promise.all(r.targets.map((target) => r.atlas.takeSnapshot(target, REQUEST)));

	expect(new Set(snapshots.map(({ id }) => id)).size).toBe(100);
	expect(r.simulator.log.length / snapshots.length).toBeLessThanOrEqual(most);
	expect(r.simulator.log).toHaveLength(101);
});

test("a nonce is replaced before Atlas calls it stale", async () => {
	await using r = await startAtlasClient("digest");

	await Promise.all(Array.from({ length: 1100 }, () => r.atlas.readCluster(r.target)));

	expect(r.simulator.log.filter(({ kind }) => kind === "challenge")).toHaveLength(2);
	expect(r.simulator.log.filter(({ kind, status }) => kind === "cluster" && status === 401)).toHaveLength(0);
});

test("the user agent holds the version of the package", () => {
	const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

	expect(USER_AGENT).toBe(`atlas-snapshots/${version}`);
});
