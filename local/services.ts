import { InputError } from "../lambda/domain/errors.ts";
import { readSnapshotConfig, readTriggerConfig, type SnapshotConfig } from "../lambda/handlers/config.ts";
import { type AtlasSimulator, startAtlas } from "./atlas/index.ts";
import { type FakeAws, startFakeAws } from "./aws/index.ts";
import { FUNCTION_ARN } from "./aws/protocol.ts";
import { UsageError } from "./cli/command.ts";
import type { StartOptions } from "./cli/start-options.ts";
import { ATLAS_SECRET, HOOK_SECRET, setFunctionEnvironment } from "./environment.ts";

/** The fake AWS services, and the Atlas simulator where no real Atlas is used. */
export interface LocalServices {
	readonly aws: FakeAws;
	/** Absent where a real Atlas is used. */
	readonly simulator?: AtlasSimulator | undefined;
	readonly atlasUrl: string;
	/** By which the runs mark their snapshots. */
	readonly stackName: string;
	close(): Promise<void>;
}

type Variables = Record<string, string | undefined>;

/**
 * Starts the services, and sets this process's environment to that of the handlers.
 *
 * @param env is changed
 * @throws UsageError where a variable that the functions read is malformed
 */
export async function startServices(call: StartOptions, env: Variables): Promise<LocalServices> {
	const simulator = call.atlas ? undefined : await startAtlas();
	const atlasUrl = call.atlas?.url ?? simulator?.url ?? "";
	const aws = await startFakeAws({
		secrets: {
			[ATLAS_SECRET]: call.atlas?.secret ?? keysOf(simulator),
			[HOOK_SECRET]: call.hookKeys ?? "",
		},
		snapshotHandler: async () => (await import("../lambda/handlers/snapshot.ts")).handler,
	});
	setFunctionEnvironment(env, aws, {
		ATLAS_SECRET_ID: ATLAS_SECRET,
		ATLAS_BASE_URL: atlasUrl,
		EVENT_BUS_NAME: "snapshots",
		FIRST_POLL_SECONDS: call.pollSeconds ?? (simulator ? "1" : "15"),
		SNAPSHOT_FUNCTION_ARN: FUNCTION_ARN,
		WEBHOOK_SECRET_ID: call.hookKeys === undefined ? undefined : HOOK_SECRET,
		DEFAULT_REQUEST: env["DEFAULT_REQUEST"] ?? defaultRequestOf(simulator),
	});
	const { STACK_NAME: stackName } = readEnvironment(env);
	return {
		aws,
		atlasUrl,
		stackName,
		simulator,
		async close() {
			await aws.close();
			await simulator?.close();
		},
	};
}

const keysOf = (simulator: AtlasSimulator | undefined): string =>
	JSON.stringify({ clientId: simulator?.clientId, clientSecret: simulator?.clientSecret });

/** The request of a cron rule's event, with the simulator. */
function defaultRequestOf(simulator: AtlasSimulator | undefined): string | undefined {
	return simulator && JSON.stringify({ projectId: simulator.projectId, clusters: simulator.clusters.slice(0, 1) });
}

/** The functions would report the same, but only in their logs. */
function readEnvironment(env: Variables): SnapshotConfig {
	try {
		readTriggerConfig(env);
		return readSnapshotConfig(env);
	} catch (error) {
		throw error instanceof InputError ? new UsageError(error.message) : error;
	}
}
