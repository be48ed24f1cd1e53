import { Logger } from "@aws-lambda-powertools/logger";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import middy from "@middy/core";
import { createAtlas } from "../atlas/client.ts";
import { AWS_CLIENT_SETTINGS } from "../aws/clients.ts";
import { countFailuresOf, createMetrics, recordCount, recordSnapshotAge } from "../aws/metrics.ts";
import { createSecretReader, readSecretText } from "../aws/secret-reader.ts";
import { NOT_FRESH_METRIC } from "../domain/metrics.ts";
import type { Target } from "../domain/outcome.ts";
import { type CheckRequest, readCheckRequest, runDoctor } from "../monitoring/doctor/examine.ts";
import type { DoctorReport } from "../monitoring/doctor/report.ts";
import { checkFreshness, type Freshness, sendHeartbeat } from "../monitoring/freshness.ts";
import { readMeasuredClusters, readWatchedClusters, type WatchedClusters } from "../monitoring/freshness-event.ts";
import { type FreshnessConfig, readFreshnessConfig } from "./config.ts";

/** Built with the first event: a faulty configuration then fails the invocation, which alarms, not the start. */
let work: FreshnessDependencies | undefined;

/**
 * Called by a schedule of its own, apart from the runs: `{"targets": […]}` is answered by how fresh they are. By hand,
 * `{"doctor": true}` is answered by a report on whether a snapshot would succeed; beside it `projectId`, `clusterName`
 * and `retentionInDays` say of what.
 */
export const handler = middy<unknown, { readonly freshness: readonly Freshness[] } | DoctorReport>({
	timeoutEarlyInMillis: 0,
}).handler(async (event: unknown) => {
	work ??= createDependencies(readFreshnessConfig(process.env));
	if (isForDoctor(event)) return work.examine(readCheckRequest(event));
	return { freshness: await work.look(readWatchedClusters(event), readMeasuredClusters(event)) };
});

const isForDoctor = (event: unknown): boolean =>
	typeof event === "object" && event !== null && "doctor" in event && event.doctor === true;

/** What the freshness function works with. */
export interface FreshnessDependencies {
	/** @param measured whether a cluster's age is a metric of its own */
	readonly look: (
		watched: readonly WatchedClusters[],
		measured: (target: Target) => boolean,
	) => Promise<readonly Freshness[]>;
	readonly examine: (request: CheckRequest) => Promise<DoctorReport>;
}

/** Configuration → what the freshness function works with. */
export function createDependencies(config: FreshnessConfig): FreshnessDependencies {
	const { ATLAS_SECRET_ID: secretId, ATLAS_BASE_URL: baseUrl, ATLAS_MEDIA_TYPE: mediaType } = config;
	const logger = new Logger({ serviceName: "atlas-snapshots" });
	const metrics = createMetrics(config.STACK_NAME);
	const now = () => Date.now();
	const secrets = new SecretsManagerClient(AWS_CLIENT_SETTINGS);
	const readSecret = createSecretReader(secrets, secretId, now, (warning) => logger.warn(warning));
	const atlas = createAtlas({ baseUrl, mediaType, readSecret, now });
	const told = countFailuresOf(metrics);
	const ports = {
		now,
		listSnapshots: told(atlas.listSnapshots),
		listClusters: told(atlas.listClusters),
		listProjects: told(atlas.listProjects),
	};
	/** Without an age there is no metric: the alarm takes missing data for a breach. */
	const tell = ({ projectId, clusterName, ageSeconds, fresh, reason }: Freshness, measured: boolean) => {
		const about = { project_id: projectId, cluster_name: clusterName, age_seconds: ageSeconds, reason };
		if (fresh) logger.info("fresh", about);
		else logger.warn("not fresh", about);
		if (ageSeconds !== null && measured) recordSnapshotAge(metrics, { projectId, clusterName }, ageSeconds);
	};
	const beat = async (allIsWell: boolean) => {
		if (config.HEARTBEAT_URL === undefined) return;
		const failure = await sendHeartbeat(config.HEARTBEAT_URL, allIsWell);
		if (failure !== undefined) logger.warn("heartbeat not accepted", { failure });
	};
	return {
		async look(watched, measured) {
			const all = await checkFreshness(ports, watched, (freshness) => tell(freshness, measured(freshness)));
			recordCount(metrics, NOT_FRESH_METRIC, all.filter(({ fresh }) => !fresh).length);
			await beat(all.every(({ fresh }) => fresh));
			return all;
		},
		examine: (request) =>
			runDoctor(
				{ baseUrl, mediaType, secretId, readSecretText: () => readSecretText(secrets, secretId), now },
				request,
			),
	};
}
