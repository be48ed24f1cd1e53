import { Logger } from "@aws-lambda-powertools/logger";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { createAtlas } from "../atlas/index.ts";
import type { SnapshotConfig } from "../config.ts";
import { RATE_LEFT_METRIC } from "../domain/metrics.ts";
import { countChange, countingFailures, countPlainly, createMetrics } from "../publish/metrics.ts";
import { toEventBridge } from "../publish/to-event-bridge.ts";
import type { Ports } from "../run/ports.ts";
import { createSecretReader } from "../secrets/read-credentials.ts";

/** Configuration → what the durable function works with: one token, one connection pool, one rate budget a process. */
export function connect(config: SnapshotConfig): Ports {
	const logger = new Logger({ serviceName: "atlas-snapshots" });
	const metrics = createMetrics(config.STACK_NAME);
	const readSecret = createSecretReader(
		new SecretsManagerClient(),
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
	const put = toEventBridge(new EventBridgeClient(), config.EVENT_BUS_NAME);
	const publish: Ports["publish"] = async (event) => {
		await put(event);
		countChange(metrics, event);
		const { state, run, requestedBy, projectId, clusterName, snapshotId, durationSeconds, reason } = event;
		logger.info("published", {
			state,
			run,
			requested_by: requestedBy,
			project_id: projectId,
			cluster_name: clusterName,
			snapshot_id: snapshotId,
			duration_seconds: durationSeconds,
			reason,
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
		publish,
	};
}
