import middy from "@middy/core";
import { readFreshnessConfig } from "../config.ts";
import { connect, type FreshnessWork } from "../connect/freshness.ts";
import { readCheckRequest } from "../doctor/check-request.ts";
import type { Report } from "../doctor/report.ts";
import type { Freshness } from "../freshness/look.ts";
import { readMeasured, readWatched } from "../freshness/watched.ts";

/** Built with the first event: a faulty configuration then fails the invocation, which alarms, not the start. */
let work: FreshnessWork | undefined;

/**
 * Called by a schedule of its own, apart from the runs: `{"targets": […]}` is answered by how fresh they are. By hand,
 * `{"doctor": true}` is answered by a report on whether a snapshot would succeed; beside it `projectId`, `clusterName`
 * and `retentionInDays` say of what.
 */
export const handler = middy<unknown, { readonly freshness: readonly Freshness[] } | Report>({
	timeoutEarlyInMillis: 0,
}).handler(async (event: unknown) => {
	work ??= connect(readFreshnessConfig(process.env));
	if (isForDoctor(event)) return work.examine(readCheckRequest(event));
	return { freshness: await work.look(readWatched(event), readMeasured(event)) };
});

const isForDoctor = (event: unknown): boolean =>
	typeof event === "object" && event !== null && "doctor" in event && event.doctor === true;
