/**
 * One snapshot of so many seconds as a whole run in the local durable runner: what it did, counted. Time is skipped,
 * unless `real` is said.
 */
import type { Event } from "@aws-sdk/client-lambda";
import { startHarness } from "../../../test/harness/harness.ts";
import { silenceFunctionLogs } from "../../environment.ts";
import { type Counted, countHistory } from "../counted.ts";
import { FIRST_POLL_SECONDS } from "../follow.ts";

const [, , seconds = "1200", time] = process.argv;
silenceFunctionLogs(process.env);
const stage = await startHarness({
	atlas: { projects: [{ clusters: ["prod-a"] }], snapshotSeconds: Number(seconds) },
	aws: { skipTime: time !== "real" },
	env: { FIRST_POLL_SECONDS: String(time === "real" ? 1 : FIRST_POLL_SECONDS) },
});
const { status, history } = await stage.runRequest({ clusters: ["prod-a"], deadlineMinutes: 60 });
const counted: Counted = {
	status,
	...countHistory(history as readonly Event[]),
	requests: stage.atlas.log.length,
};
process.stdout.write(`${JSON.stringify(counted)}\n`);
process.exit(0);
