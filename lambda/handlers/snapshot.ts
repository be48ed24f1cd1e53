import { type DurableContext, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { Logger } from "@aws-lambda-powertools/logger";
import middy from "@middy/core";
import { readSnapshotConfig } from "../config.ts";
import { createDurableClient } from "../connect/durable-client.ts";
import { connect } from "../connect/snapshot.ts";
import type { RunResult } from "../domain/outcome.ts";
import { carryOut } from "../run/carry-out.ts";
import type { RunInput } from "../run/parts.ts";

let work: ((input: RunInput, durable: DurableContext) => Promise<RunResult>) | undefined;

const logger = new Logger({ serviceName: "atlas-snapshots" });

/** Built once a process and shared by all its runs. */
function build() {
	const config = readSnapshotConfig(process.env);
	return carryOut(connect(config), config.FIRST_POLL_SECONDS);
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
	{ client: createDurableClient() },
);
