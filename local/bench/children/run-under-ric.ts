/**
 * A whole run of one target under AWS's runtime client, whose snapshot lasts for more than 20 looks: a look a second
 * until the waits grow. The runner with its stand-ins is in this process, Atlas in another. Time is real.
 */
import { serveAtlas } from "../atlas.ts";
import { countHistory } from "../counted.ts";
import { carryOut } from "../deployed-run.ts";
import type { RicRun } from "../ric.ts";
import { startUnderRic } from "../ric-process.ts";
import { median, rounded } from "../statistics.ts";

const SNAPSHOT_SECONDS = 30;

const [, , client = "", bundle = ""] = process.argv;
await using atlas = await serveAtlas(1, 0, SNAPSHOT_SECONDS);
const { url, projectId, clientId, clientSecret, clusters } = atlas.hello;
const keys = JSON.stringify({ clientId, clientSecret });
const { deployed, execution } = await carryOut(
	(env) => startUnderRic(client, bundle, env),
	{ url, projectId, keys },
	clusters,
);
const { invocationMs } = deployed;
const run: RicRun = {
	status: execution.status,
	polls: countHistory(execution.history()).polls,
	invocations: invocationMs.length,
	invocationMs: rounded(median(invocationMs), 1),
	...(execution.error && { error: execution.error.ErrorMessage }),
};
process.stdout.write(`${JSON.stringify(run)}\n`);
await deployed[Symbol.asyncDispose]();
process.exit(0);
