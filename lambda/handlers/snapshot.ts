import { type DurableContext, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { Logger } from "@aws-lambda-powertools/logger";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import middy from "@middy/core";
import { createAtlas } from "../atlas/client.ts";
import { AWS_CLIENT_SETTINGS, createDurableClient } from "../aws/clients.ts";
import { createEventPublisher } from "../aws/event-bridge.ts";
import { countFailuresOf, createMetrics, recordCount, recordLateTarget, recordStateChange } from "../aws/metrics.ts";
import { createSecretReader } from "../aws/secret-reader.ts";
import { PUBLISH_FAILED_METRIC, RATE_LEFT_METRIC } from "../domain/metrics.ts";
import type { RunResult } from "../domain/outcome.ts";
import { createDurableExecutions } from "../executions/lambda-api.ts";
import { readEndedParts } from "../executions/status.ts";
import type { RunInput } from "../workflow/parts.ts";
import type { Ports } from "../workflow/ports.ts";
import { runRequest } from "../workflow/run.ts";
import { keepExecutionStart } from "../workflow/steps.ts";
import { readSnapshotConfig, type SnapshotConfig } from "./config.ts";

const logger = new Logger({ serviceName: "atlas-snapshots" });

/** Created once per process and shared by all its runs. */
let run: ((input: RunInput, durable: DurableContext) => Promise<RunResult>) | undefined;

function createRun() {
	const config = readSnapshotConfig(process.env);
	return runRequest(createPorts(config), config.FIRST_POLL_SECONDS);
}

/**
 * The durable function, which carries out a run. The trigger function starts it under the run's name; for a large run it
 * starts itself for the parts. Middy's own mode for durable functions cannot pass a client to the SDK.
 */
export const handler = withDurableExecution(
	middy<RunInput, RunResult, Error, DurableContext>({
		// Middy's early timeout would continue after the invocation is suspended, and then run the error path.
		timeoutEarlyInMillis: 0,
	}).handler((input, durable) => {
		run ??= createRun();
		// The SDK's own logger writes fields as a part of the message, where queries do not find them.
		durable.configureLogger({ customLogger: logger });
		return run(input, durable);
	}),
	{ client: createDurableClient(), plugins: [keepExecutionStart] },
);

/** One token, one connection pool and one rate limit per process. */
function createPorts(config: SnapshotConfig): Ports {
	const metrics = createMetrics(config.STACK_NAME);
	const now = () => Date.now();
	const secrets = new SecretsManagerClient(AWS_CLIENT_SETTINGS);
	const atlas = createAtlas({
		baseUrl: config.ATLAS_BASE_URL,
		mediaType: config.ATLAS_MEDIA_TYPE,
		readSecret: createSecretReader(secrets, config.ATLAS_SECRET_ID, now, (warning) => logger.warn(warning)),
		now,
		// Once per requested snapshot, not per poll.
		onReply: ({ method, rateLimitRemaining }) => {
			if (method === "POST" && rateLimitRemaining !== undefined) {
				recordCount(metrics, RATE_LEFT_METRIC, rateLimitRemaining);
			}
		},
	});
	const putEvent = createEventPublisher(new EventBridgeClient(AWS_CLIENT_SETTINGS), config.EVENT_BUS_NAME);
	const counted = countFailuresOf(metrics);
	return {
		stack: config.STACK_NAME,
		limits: config.REQUEST_LIMITS,
		now,
		takeSnapshot: counted(atlas.takeSnapshot),
		readSnapshot: counted(atlas.readSnapshot),
		listSnapshots: counted(atlas.listSnapshots),
		readCluster: counted(atlas.readCluster),
		listClusters: counted(atlas.listClusters),
		listProjects: counted(atlas.listProjects),
		readEndedParts: (arn) => readEndedParts(createDurableExecutions(new LambdaClient(AWS_CLIENT_SETTINGS), arn), arn),
		warn: (message, fields, isRepeated) => logger[isRepeated ? "debug" : "warn"](message, fields),
		countLate: (change, at) => recordLateTarget(metrics, change, at),
		async publish(event) {
			const { run, state, projectId, clusterName } = event;
			const fields = { state, run, project_id: projectId, cluster_name: clusterName };
			try {
				await putEvent(event);
			} catch (error) {
				recordCount(metrics, PUBLISH_FAILED_METRIC, 1);
				const reason = error instanceof Error ? error.message : "unknown";
				logger.warn("an event was not published; it is offered again", { ...fields, reason });
				throw error;
			}
			recordStateChange(metrics, event);
			const { expectedEndAt, requestedAt, reason } = event;
			logger.info("published", {
				...fields,
				requested_by: event.requestedBy,
				snapshot_id: event.snapshotId,
				duration_seconds: event.durationSeconds,
				expected_seconds: expectedEndAt && (Date.parse(expectedEndAt) - Date.parse(requestedAt)) / 1000,
				reason,
				warnings: event.warnings?.map(({ code }) => code),
			});
		},
	};
}
