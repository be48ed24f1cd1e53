import { Logger } from "@aws-lambda-powertools/logger";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { createAtlas } from "../atlas/index.ts";
import type { SnapshotConfig } from "../config.ts";
import { PUBLISH_FAILED_METRIC, RATE_LEFT_METRIC } from "../domain/metrics.ts";
import { createExecutions } from "../engine/executions.ts";
import { readBrokenParts } from "../engine/read-run.ts";
import { countChange, countingFailures, countLate, countPlainly, createMetrics } from "../publish/metrics.ts";
import { toEventBridge } from "../publish/to-event-bridge.ts";
import type { Ports } from "../run/ports.ts";
import { createSecretReader } from "../secrets/read-credentials.ts";
import { AWS_CALLS } from "./aws-calls.ts";

/** Configuration → what the durable function works with: one token, one connection pool, one rate budget a process. */
export function connect(config: SnapshotConfig): Ports {
	const logger = new Logger({ serviceName: "atlas-snapshots" });
	const metrics = createMetrics(config.STACK_NAME);
	const readSecret = createSecretReader(
		new SecretsManagerClient(AWS_CALLS),
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
			if (method === "POST" && left !== undefined) countPlainly(metrics, RATE_LEFT_METRIC, left);
		},
	});
	const put = toEventBridge(new EventBridgeClient(AWS_CALLS), config.EVENT_BUS_NAME);
	const publish: Ports["publish"] = async (event) => {
		await put(event).catch((error: unknown) => {
			countPlainly(metrics, PUBLISH_FAILED_METRIC, 1);
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
		countChange(metrics, event);
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
	const told = countingFailures(metrics);
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
		readBrokenParts: (arn) => readBrokenParts(createExecutions(new LambdaClient(AWS_CALLS), arn), arn),
		warn: (message, fields, isRepeated) => logger[isRepeated ? "debug" : "warn"](message, fields),
		countLate: (change, at) => countLate(metrics, change, at),
		publish,
	};
}
