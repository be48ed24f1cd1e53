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
import { checkFreshness, type Freshness } from "../monitoring/freshness.ts";
import { readMeasuredClusters, readWatchedClusters, type WatchedClusters } from "../monitoring/freshness-event.ts";
import { sendHeartbeat } from "../monitoring/heartbeat.ts";
import { type FreshnessConfig, readFreshnessConfig } from "./config.ts";

/** Created with the first event: a faulty configuration fails the invocation, which raises an alarm. */
let dependencies: FreshnessDependencies | undefined;

/**
 * Called by a schedule of its own, apart from the runs, with `{"targets": […]}`: returns how fresh their snapshots are. An
 * operator may call it with `{"doctor": true}` and optionally `projectId`, `clusterName` and `retentionInDays`: returns a
 * report on whether a snapshot would succeed.
 */
export const handler = middy<unknown, { readonly freshness: readonly Freshness[] } | DoctorReport>({
	timeoutEarlyInMillis: 0,
}).handler(async (event: unknown) => {
	dependencies ??= createDependencies(readFreshnessConfig(process.env));
	if (isForDoctor(event)) return dependencies.runDoctor(readCheckRequest(event));
	return { freshness: await dependencies.checkTargets(readWatchedClusters(event), readMeasuredClusters(event)) };
});

const isForDoctor = (event: unknown): boolean =>
	typeof event === "object" && event !== null && "doctor" in event && event.doctor === true;

type FreshnessDependencies = ReturnType<typeof createDependencies>;

function createDependencies(config: FreshnessConfig) {
	const { ATLAS_SECRET_ID: secretId, ATLAS_BASE_URL: baseUrl, ATLAS_MEDIA_TYPE: mediaType } = config;
	const logger = new Logger({ serviceName: "atlas-snapshots" });
	const metrics = createMetrics(config.STACK_NAME);
	const now = () => Date.now();
	const secrets = new SecretsManagerClient(AWS_CLIENT_SETTINGS);
	const readSecret = createSecretReader(secrets, secretId, now, (warning) => logger.warn(warning));
	const atlas = createAtlas({ baseUrl, mediaType, readSecret, now });
	const counted = countFailuresOf(metrics);
	const ports = {
		now,
		listSnapshots: counted(atlas.listSnapshots),
		listClusters: counted(atlas.listClusters),
		listProjects: counted(atlas.listProjects),
	};
	/** Without an age no metric is written: the alarm treats missing data as breaching. */
	const report = ({ projectId, clusterName, ageSeconds, fresh, reason }: Freshness, measured: boolean) => {
		const fields = { project_id: projectId, cluster_name: clusterName, age_seconds: ageSeconds, reason };
		if (fresh) logger.info("fresh", fields);
		else logger.warn("not fresh", fields);
		if (ageSeconds !== null && measured) recordSnapshotAge(metrics, { projectId, clusterName }, ageSeconds);
	};
	return {
		async checkTargets(watched: readonly WatchedClusters[], isMeasured: (target: Target) => boolean) {
			const all = await checkFreshness(ports, watched, (freshness) => report(freshness, isMeasured(freshness)));
			const notFresh = all.filter(({ fresh }) => !fresh).length;
			recordCount(metrics, NOT_FRESH_METRIC, notFresh);
			if (config.HEARTBEAT_URL !== undefined) {
				const failure = await sendHeartbeat(config.HEARTBEAT_URL, notFresh === 0);
				if (failure !== undefined) logger.warn("heartbeat not accepted", { failure });
			}
			return all;
		},
		runDoctor: (request: CheckRequest) =>
			runDoctor(
				{ baseUrl, mediaType, secretId, readSecretText: () => readSecretText(secrets, secretId), now },
				request,
			),
	};
}
