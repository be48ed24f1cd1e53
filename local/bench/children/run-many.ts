/**
 * So many clusters as one request's run in the local durable runner, between the stand-ins: chained executions of 25
 * targets, ten at a time. Time is real, since the runner's fake clock would jump past the time limits of requests that
 * other executions have under way; snapshots last 2 s, and are looked at every second.
 */

import { startHarness } from "../../../test/harness/harness.ts";
import { silenceFunctionLogs } from "../../environment.ts";

const [, , clusters = "1000"] = process.argv;
silenceFunctionLogs(process.env);
const plenty = { capacity: 10_000_000, refillRate: 10_000_000, refillSeconds: 1 };
const stage = await startHarness({
	atlas: {
		projects: [{ clusters: Array.from({ length: Number(clusters) }, (_, i) => `cluster-${i}`) }],
		settings: { snapshotSeconds: 2, buckets: { backups: plenty, clusters: plenty, groups: plenty } },
	},
	aws: { skipTime: false },
	env: { FIRST_POLL_SECONDS: "1" },
});
const begun = performance.now();
await stage.runRequest({ clusters: "all" });
const seconds = (performance.now() - begun) / 1000;
// The result of so large a run lists only what fits into a checkpoint; the events are whole.
const completed = stage.published().filter(({ state }) => state === "COMPLETED").length;
if (completed !== Number(clusters)) throw new Error(`${completed} of ${clusters} targets completed`);
const megabytes = Math.round(process.resourceUsage().maxRSS / 1000);
process.stdout.write(`${JSON.stringify({ seconds: Number(seconds.toFixed(1)), megabytes })}\n`);
process.exit(0);
