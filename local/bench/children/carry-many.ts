/**
 * The deployed durable bundle carrying so many targets in one run, alone in its process: the most memory that it took.
 * The runner with its stand-ins is in this process, Atlas in another. Time is real.
 */
import { startBundle } from "../bundle-process.ts";
import { carryOut } from "../deployed-run.ts";

const [, , bundle = "", url = "", projectId = "", keys = "{}", count = "100"] = process.argv;
const clusters = Array.from({ length: Number(count) }, (_, i) => `cluster-${i}`);
const { deployed, execution } = await carryOut((env) => startBundle(bundle, env), { url, projectId, keys }, clusters);
const { status, error } = execution;
if (status !== "SUCCEEDED") throw new Error(`the run ended ${status}: ${error?.ErrorMessage}`);
const runnerMb = Math.round(process.resourceUsage().maxRSS / 1000);
process.stdout.write(`${JSON.stringify({ rssMb: deployed.rssMb(), runnerMb })}\n`);
await deployed[Symbol.asyncDispose]();
process.exit(0);
