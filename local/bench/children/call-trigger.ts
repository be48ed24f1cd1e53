/** Calls the deployed trigger bundle, warm: what a call costs beyond the SDK's own, and how long fifty at once wait. */
import { pathToFileURL } from "node:url";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { FUNCTION_ARN } from "../../aws/protocol.ts";
import { setFunctionEnvironment, silenceFunctionLogs } from "../../environment.ts";
import { toGatewayEvent } from "../../gateway/event.ts";
import { serveChild } from "../process.ts";
import { median, percentile } from "../statistics.ts";

const [, , bundle = "", count = "400"] = process.argv;
const calls = Number(count);
await using api = await serveChild<{ url: string }>("lambda-api.ts");
silenceFunctionLogs(process.env);
setFunctionEnvironment(
	process.env,
	{ ...api.hello, credentials: { accessKeyId: "any", secretAccessKey: "any" } },
	{
		SNAPSHOT_FUNCTION_ARN: FUNCTION_ARN,
		ATLAS_SECRET_ID: "unused",
		EVENT_BUS_NAME: "unused",
	},
);
type Handler = (event: unknown, context: unknown) => Promise<{ readonly statusCode: number }>;
const { handler }: { handler: Handler } = await import(pathToFileURL(bundle).href);
const body = JSON.stringify({ projectId: "32b6e34b3d91647abb20e7b8", clusters: ["prod-a"] });
/** As API Gateway hands it over, with the caller whom it authenticated: without one, a POST is refused. */
const signed = toGatewayEvent({
	method: "POST",
	path: "/snapshots",
	headers: { "content-type": "application/json" },
	body: Buffer.from(body),
});
let key = 0;
const post = async () => {
	const headers = { ...signed.headers, "idempotency-key": String(key++) };
	const reply = await handler({ ...signed, headers }, { getRemainingTimeInMillis: () => 30_000 });
	if (reply.statusCode !== 202) throw new Error(`the trigger answered ${reply.statusCode}`);
};
const lambda = new LambdaClient();
const invoke = () =>
	lambda.send(
		new InvokeCommand({
			FunctionName: FUNCTION_ARN,
			InvocationType: "Event",
			DurableExecutionName: String(key++),
			Payload: Buffer.from(body),
		}),
	);

/** Milliseconds of CPU a call, one after another. */
async function cpuOf(work: () => Promise<unknown>): Promise<number> {
	const before = process.cpuUsage();
	for (let i = 0; i < 50; i++) await work();
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1000 / 50;
}

for (let i = 0; i < 100; i++) await Promise.all([post(), invoke()]);
const beyond: number[] = [];
for (let round = 0; round < calls / 50; round++) {
	const [own, sdk] = [await cpuOf(post), await cpuOf(invoke)];
	beyond.push(own - sdk);
}
const waits: number[] = [];
const caller = async () => {
	for (let i = 0; i < calls / 50; i++) {
		const begun = performance.now();
		await post();
		waits.push(performance.now() - begun);
	}
};
await Promise.all(Array.from({ length: 50 }, caller));
const p99OverMedian = percentile(waits, 0.99) / median(waits);
process.stdout.write(`${JSON.stringify({ cpuMs: median(beyond), p99OverMedian })}\n`);
