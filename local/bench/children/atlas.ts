/** A simulated Atlas in a process of its own, with so many clusters and milliseconds of latency; it has room for all. */
import { startAtlas } from "../../atlas/index.ts";

const [, , clusters = "100", latency = "0", seconds = "0"] = process.argv;
const plenty = { capacity: 10_000_000, refillRate: 10_000_000, refillSeconds: 1 };
const atlas = await startAtlas({
	projects: [{ clusters: Array.from({ length: Number(clusters) }, (_, i) => `cluster-${i}`) }],
	settings: { snapshotSeconds: Number(seconds), buckets: { backups: plenty, clusters: plenty, groups: plenty } },
});
if (Number(latency) > 0) {
	atlas.faults.add({ on: { kind: "any", times: "always" }, do: { type: "delay", ms: Number(latency) } });
}
const { url, publicKey, privateKey, clientId, clientSecret, projectId } = atlas;
process.stdout.write(
	`${JSON.stringify({ url, publicKey, privateKey, clientId, clientSecret, projectId, clusters: atlas.clusters })}\n`,
);
// It ends with whoever started it, however that one ends.
process.stdin.resume().once("end", () => process.exit(0));
