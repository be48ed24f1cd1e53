import { Logger } from "@aws-lambda-powertools/logger";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { createAtlas } from "../atlas/index.ts";
import type { FreshnessConfig } from "../config.ts";
import type { CheckRequest } from "../doctor/examine.ts";
import type { Report } from "../doctor/report.ts";
import { NOT_FRESH_METRIC } from "../domain/metrics.ts";
import type { Target } from "../domain/outcome.ts";
import { ping } from "../freshness/heartbeat.ts";
import { type Freshness, look } from "../freshness/look.ts";
import type { Watched } from "../freshness/watched.ts";
import { countingFailures, countPlainly, createMetrics, measureAge } from "../publish/metrics.ts";
import { createSecretReader, readSecretText } from "../secrets/read-credentials.ts";
import { AWS_CALLS } from "./aws-calls.ts";
import { examineAtlas } from "./doctor.ts";

/** What the freshness function works with. */
export interface FreshnessWork {
	/** @param measured whether a cluster's age is a metric of its own */
	readonly look: (watched: readonly Watched[], measured: (target: Target) => boolean) => Promise<readonly Freshness[]>;
	readonly examine: (request: CheckRequest) => Promise<Report>;
}

/** Configuration → what the freshness function works with. */
export function connect(config: FreshnessConfig): FreshnessWork {
	const { ATLAS_SECRET_ID: secretId, ATLAS_BASE_URL: baseUrl, ATLAS_MEDIA_TYPE: mediaType } = config;
	const logger = new Logger({ serviceName: "atlas-snapshots" });
	const metrics = createMetrics(config.STACK_NAME);
	const now = () => Date.now();
	const secrets = new SecretsManagerClient(AWS_CALLS);
	const readSecret = createSecretReader(secrets, secretId, now, (warning) => logger.warn(warning));
	const atlas = createAtlas({ baseUrl, mediaType, readSecret, now });
	const told = countingFailures(metrics);
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
		if (ageSeconds !== null && measured) measureAge(metrics, { projectId, clusterName }, ageSeconds);
	};
	const beat = async (allIsWell: boolean) => {
		if (config.HEARTBEAT_URL === undefined) return;
		const failure = await ping(config.HEARTBEAT_URL, allIsWell);
		if (failure !== undefined) logger.warn("heartbeat not accepted", { failure });
	};
	return {
		async look(watched, measured) {
			const all = await look(ports, watched, (freshness) => tell(freshness, measured(freshness)));
			countPlainly(metrics, NOT_FRESH_METRIC, all.filter(({ fresh }) => !fresh).length);
			await beat(all.every(({ fresh }) => fresh));
			return all;
		},
		examine: (request) =>
			examineAtlas(
				{ baseUrl, mediaType, secretId, readSecretText: () => readSecretText(secrets, secretId), now },
				request,
			),
	};
}
