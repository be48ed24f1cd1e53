/**
 * One run of the durable function, with the local runner and the stand-ins, in a process whose clock goes faster by the
 * factor given: what lasts a minute is over in seconds, without a request of one target being late for another's wait.
 * Writes the published events and the most memory that the process ever took.
 */
import type { SnapshotStateChange } from "../../../lambda/domain/outcome.ts";

export interface FastRun {
	readonly events: readonly SnapshotStateChange[];
	/** Megabytes. */
	readonly rssMb: number;
}

const [, , factor = "1", startedAt = "0", url = "", projectId = "", keys = "", ...clusters] = process.argv;
const { now } = Date;
const timer = setTimeout;
Date.now = () => Number(startedAt) + (now() - Number(startedAt)) * Number(factor);
globalThis.setTimeout = ((work: () => void, milliseconds = 0, ...given: []) =>
	timer(work, milliseconds / Number(factor), ...given)) as typeof setTimeout;

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
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
