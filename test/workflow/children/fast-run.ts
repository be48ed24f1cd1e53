/**
 * One run of the durable function, with the local runner and the fake AWS services, in a process whose clock is faster by
 * the factor given: what lasts a minute is over in seconds. The clock moves in turns with the process that forked this
 * one and that simulates Atlas: a machine that lets one of them wait stops the clock. Sends the clock at each turn, and
 * at the end the published events and the most memory that the process ever took.
 */
import { mock } from "node:test";
import type { SnapshotStateChange } from "../../../lambda/domain/outcome.ts";

export interface FastRun {
	readonly events: readonly SnapshotStateChange[];
	/** Megabytes. */
	readonly rssMb: number;
}

/** Milliseconds of real time that a turn counts at most. */
const LONGEST_TURN = 10;

const [, , factor = "1", startedAt = "0", url = "", projectId = "", keys = "", ...clusters] = process.argv;
const { setTimeout: realSetTimeout } = globalThis;
mock.timers.enable({ apis: ["Date", "setTimeout"], now: Number(startedAt) });
let turnedAt = performance.now();
process.on("message", () => {
	const at = performance.now();
	mock.timers.tick(Math.round(Math.min(at - turnedAt, LONGEST_TURN) * Number(factor)));
	turnedAt = at;
	realSetTimeout(() => process.send?.(Date.now()), 1);
});
process.send?.(Date.now());

const { setFunctionEnvironment, silenceFunctionLogs } = await import("../../../local/environment.ts");
const { startFakeAws } = await import("../../../local/aws/index.ts");
const { FUNCTION_ARN } = await import("../../../local/aws/protocol.ts");
const { readSnapshotRequest } = await import("../../../lambda/domain/request.ts");
const { InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda");

silenceFunctionLogs(process.env);
const aws = await startFakeAws({
	secrets: { "atlas-keys": keys },
	snapshotHandler: async () => (await import("../../../lambda/handlers/snapshot.ts")).handler,
});
setFunctionEnvironment(process.env, aws, {
	ATLAS_SECRET_ID: "atlas-keys",
	ATLAS_BASE_URL: url,
	EVENT_BUS_NAME: "default",
	FIRST_POLL_SECONDS: "15",
});
const request = readSnapshotRequest({ projectId, clusters, deadlineMinutes: 60 });
await new LambdaClient().send(
	new InvokeCommand({
		FunctionName: FUNCTION_ARN,
		InvocationType: "Event",
		DurableExecutionName: "http-0",
		Payload: Buffer.from(JSON.stringify({ run: "http-0", trigger: "http", requestedBy: "local", request })),
	}),
);
await aws.runs[0]?.ended;
const events = aws.events.map(({ detail }) => detail as unknown as SnapshotStateChange);
const result: FastRun = { events, rssMb: Math.round(process.resourceUsage().maxRSS / 1000) };
process.send?.(result, () => process.exit(0));
