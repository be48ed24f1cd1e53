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

let work: ((input: RunInput, durable: DurableContext) => Promise<RunResult>) | undefined;

const logger = new Logger({ serviceName: "atlas-snapshots" });

/** Built once a process and shared by all its runs. */
function build() {
	const config = readSnapshotConfig(process.env);
	return runRequest(createPorts(config), config.FIRST_POLL_SECONDS);
}

/**
 * The durable function: carries out a run. Started by the trigger function under the run's name, and by itself for the
 * parts of a large run.
 *
 * Middy's own mode for durable functions has no way to pass the SDK a client.
 */
export const handler = withDurableExecution(
	middy<RunInput, RunResult, Error, DurableContext>({
		// The early timeout of middy outlives a suspended invocation and would run the error path of a run that is well.
		timeoutEarlyInMillis: 0,
	}).handler((input, durable) => {
		work ??= build();
		// The SDK's own logger writes fields as a part of the message, where no query finds them.
		durable.configureLogger({ customLogger: logger });
		return work(input, durable);
	}),
	{ client: createDurableClient(), plugins: [keepExecutionStart] },
);

/** Configuration → what the durable function works with: one token, one connection pool, one rate budget a process. */
export function createPorts(config: SnapshotConfig): Ports {
	const logger = new Logger({ serviceName: "atlas-snapshots" });
	const metrics = createMetrics(config.STACK_NAME);
	const readSecret = createSecretReader(
		new SecretsManagerClient(AWS_CLIENT_SETTINGS),
		config.ATLAS_SECRET_ID,
		() => Date.now(),
		(warning) => logger.warn(warning),
	);
	const atlas = createAtlas({
		baseUrl: config.ATLAS_BASE_URL,
		mediaType: config.ATLAS_MEDIA_TYPE,
		readSecret,
		now: () => Date.now(),
		// A line of the log for each snapshot asked for, not for each look.
		onReply: ({ method, rateLimitRemaining: left }) => {
			if (method === "POST" && left !== undefined) recordCount(metrics, RATE_LEFT_METRIC, left);
		},
	});
	const put = createEventPublisher(new EventBridgeClient(AWS_CLIENT_SETTINGS), config.EVENT_BUS_NAME);
	const publish: Ports["publish"] = async (event) => {
		await put(event).catch((error: unknown) => {
			recordCount(metrics, PUBLISH_FAILED_METRIC, 1);
			const { run, state, projectId, clusterName } = event;
			const reason = error instanceof Error ? error.message : "unknown";
			logger.warn("an event was not published; it is offered again", {
				run,
				state,
				project_id: projectId,
				cluster_name: clusterName,
				reason,
			});
			throw error;
		});
		recordStateChange(metrics, event);
		const { state, run, requestedBy, projectId, clusterName, snapshotId, durationSeconds, reason } = event;
		const { expectedEndAt, requestedAt, warnings } = event;
		logger.info("published", {
			state,
			run,
			requested_by: requestedBy,
			project_id: projectId,
			cluster_name: clusterName,
			snapshot_id: snapshotId,
			duration_seconds: durationSeconds,
			expected_seconds: expectedEndAt && (Date.parse(expectedEndAt) - Date.parse(requestedAt)) / 1000,
			reason,
			warnings: warnings?.map(({ code }) => code),
		});
	};
	const told = countFailuresOf(metrics);
	return {
		stack: config.STACK_NAME,
		limits: config.REQUEST_LIMITS,
		now: () => Date.now(),
		takeSnapshot: told(atlas.takeSnapshot),
		readSnapshot: told(atlas.readSnapshot),
		listSnapshots: told(atlas.listSnapshots),
		readCluster: told(atlas.readCluster),
		listClusters: told(atlas.listClusters),
		listProjects: told(atlas.listProjects),
		readBrokenParts: (arn) => readEndedParts(createDurableExecutions(new LambdaClient(AWS_CLIENT_SETTINGS), arn), arn),
		warn: (message, fields, isRepeated) => logger[isRepeated ? "debug" : "warn"](message, fields),
		countLate: (change, at) => recordLateTarget(metrics, change, at),
		publish,
	};
}
