import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import type { Run } from "../../lambda/domain/run.ts";
import type { DurableHandler, Execution } from "../aws/engine.ts";
import { startFakeAws } from "../aws/index.ts";
import { FUNCTION_ARN } from "../aws/protocol.ts";
import { setFunctionEnvironment, silenceFunctionLogs } from "../environment.ts";

/** A deployed bundle in a process of its own. */
export interface Deployed extends AsyncDisposable {
	/** Stands in for the function in this process. */
	readonly handler: DurableHandler;
}

/** The simulated Atlas, in another process. */
interface Where {
	readonly url: string;
	readonly projectId: string;
	/** The secret's text. */
	readonly keys: string;
}

/**
 * One run of a deployed bundle to its end, a look a second at first. The runner with its stand-ins is in this process,
 * whose environment becomes the function's. Time is real.
 *
 * @param start the bundle, with this environment
 */
export async function carryOut<D extends Deployed>(
	start: (env: NodeJS.ProcessEnv) => Promise<D>,
	{ url, projectId, keys }: Where,
	clusters: readonly string[],
): Promise<{ readonly deployed: D; readonly execution: Execution }> {
	silenceFunctionLogs(process.env);
	let handler: DurableHandler | undefined;
	const aws = await startFakeAws({
		secrets: { "atlas-keys": keys },
		checkpointsOverWire: true,
		snapshotHandler: async () => handler ?? Promise.reject(new Error("not started")),
	});
	setFunctionEnvironment(process.env, aws, {
		SNAPSHOT_FUNCTION_ARN: FUNCTION_ARN,
		ATLAS_SECRET_ID: "atlas-keys",
		ATLAS_BASE_URL: url,
		EVENT_BUS_NAME: "default",
		FIRST_POLL_SECONDS: "1",
	});
	const deployed = await start(process.env);
	handler = deployed.handler;
	const run: Run = {
		run: "bench",
		trigger: "http",
		requestedBy: "local",
		request: readSnapshotRequest({ projectId, clusters }),
	};
	await new LambdaClient().send(
		new InvokeCommand({
			FunctionName: FUNCTION_ARN,
			InvocationType: "Event",
			DurableExecutionName: run.run,
			Payload: Buffer.from(JSON.stringify(run)),
		}),
	);
	const [execution] = aws.runs;
	if (!execution) throw new Error("the run was not started");
	await execution.ended;
	return { deployed, execution };
}
