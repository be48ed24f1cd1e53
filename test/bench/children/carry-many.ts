/**
 * The deployed durable bundle carrying so many targets in one run, alone in its process: the most memory that it took.
 * The runner with its stand-ins is in this process, Atlas in another. Time is real.
 */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { readOrder } from "../../../lambda/domain/order.ts";
import type { Run } from "../../../lambda/domain/run.ts";
import type { DurableHandler } from "../../../local/aws/engine.ts";
import { startAws } from "../../../local/aws/index.ts";
import { FUNCTION_ARN } from "../../../local/aws/names.ts";
import { enter, quieten } from "../../../local/environment.ts";
import { startBundle } from "../bundle-process.ts";

const [, , bundle = "", url = "", projectId = "", keys = "{}", count = "100"] = process.argv;
quieten(process.env);
let handler: DurableHandler | undefined;
const aws = await startAws({
	secrets: { "atlas-keys": keys },
	snapshotHandler: async () => handler ?? Promise.reject(new Error("not started")),
});
enter(process.env, aws.url, {
	SNAPSHOT_FUNCTION_ARN: FUNCTION_ARN,
	ATLAS_SECRET_ID: "atlas-keys",
	ATLAS_BASE_URL: url,
	EVENT_BUS_NAME: "default",
	FIRST_POLL_SECONDS: "1",
});
const started = await startBundle(bundle, process.env);
handler = started.handler;
const clusters = Array.from({ length: Number(count) }, (_, i) => `cluster-${i}`);
const run: Run = { run: "bench", trigger: "http", order: readOrder({ projectId, clusters }) };
await new LambdaClient().send(
	new InvokeCommand({
		FunctionName: FUNCTION_ARN,
		InvocationType: "Event",
		DurableExecutionName: run.run,
		Payload: Buffer.from(JSON.stringify(run)),
	}),
);
const [execution] = aws.runs;
await execution?.ended;
if (execution?.status !== "SUCCEEDED")
	throw new Error(`the run ended ${execution?.status}: ${execution?.error?.ErrorMessage}`);
const runnerMb = Math.round(process.resourceUsage().maxRSS / 1000);
process.stdout.write(`${JSON.stringify({ rssMb: started.rssMb(), runnerMb })}\n`);
await started[Symbol.asyncDispose]();
process.exit(0);
