import type { RunResult, SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import type { Run } from "../../lambda/domain/run.ts";
import { type AtlasOptions, type AtlasSimulator, startAtlas } from "../../local/atlas/index.ts";
import type { DurableHandler } from "../../local/aws/engine.ts";
import { type FakeAws, type FakeAwsOptions, startFakeAws } from "../../local/aws/index.ts";
import { setFunctionEnvironment } from "../../local/environment.ts";

export interface Harness extends AsyncDisposable {
	readonly atlas: AtlasSimulator;
	readonly aws: FakeAws;
	/** Starts a run under a name, by the real SDK-shaped payload, and waits for its end. */
	runRequest(request: Record<string, unknown>, over?: Partial<Run>): Promise<Ended>;
	/** The published details, in order. */
	published(): SnapshotStateChange[];
}

interface Ended {
	readonly status: string;
	readonly result: RunResult;
	readonly history: readonly unknown[];
}

let modules = 0;

/** The real durable function on AWS's local runner, with time skipped, between a simulated Atlas and AWS. */
export async function startHarness(
	options: {
		readonly atlas?: AtlasOptions;
		readonly aws?: Partial<FakeAwsOptions>;
		readonly auth?: "digest" | "oauth";
		readonly env?: Record<string, string>;
		/** In place of the durable function. */
		readonly handler?: () => Promise<DurableHandler>;
	} = {},
): Promise<Harness> {
	const atlas = await startAtlas({ snapshotSeconds: 160, now: () => Date.now(), ...options.atlas });
	const { publicKey, privateKey, clientId, clientSecret } = atlas;
	const keys = options.auth === "oauth" ? { clientId, clientSecret } : { publicKey, privateKey };
	const path = `../../lambda/handlers/snapshot.ts?harness=${modules++}`;
	const snapshotHandler =
		options.handler ?? (async () => ((await import(path)) as { handler: DurableHandler }).handler);
	const aws = await startFakeAws({
		secrets: { "atlas-keys": JSON.stringify(keys) },
		skipTime: true,
		...options.aws,
		snapshotHandler,
	});
	setFunctionEnvironment(process.env, aws, {
		ATLAS_SECRET_ID: "atlas-keys",
		ATLAS_BASE_URL: atlas.url,
		EVENT_BUS_NAME: "default",
		FIRST_POLL_SECONDS: "60",
		...options.env,
	});
	let runs = 0;
	return {
		atlas,
		aws,
		async runRequest(request, over = {}) {
			const run: Run = {
				run: `http-${runs++}`,
				trigger: "http",
				requestedBy: "local",
				request: readSnapshotRequest({ projectId: atlas.projectId, ...request }),
				...over,
			};
			const { Lambda } = await import("@aws-sdk/client-lambda");
			const lambda = new Lambda();
			await lambda.invoke({
				FunctionName: "arn:aws:lambda:us-east-1:123456789012:function:snapshot:live",
				InvocationType: "Event",
				DurableExecutionName: run.run,
				Payload: Buffer.from(JSON.stringify(run)),
			});
			const execution = aws.runs.find(({ name }) => name === run.run);
			if (!execution) throw new Error("the run was not started");
			await execution.ended;
			const { status, error, result } = execution;
			return {
				status,
				result: JSON.parse(result ?? error?.ErrorData ?? JSON.stringify({ error })),
				history: execution.history(),
			};
		},
		published: () => aws.events.map(({ detail }) => detail as unknown as SnapshotStateChange),
		async [Symbol.asyncDispose]() {
			await aws.close();
			await atlas.close();
		},
	};
}
