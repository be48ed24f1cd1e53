import type { DurableContext } from "@aws/durable-execution-sdk-js";
import middy from "@middy/core";
import { executionModeDurableContext } from "@middy/core/DurableContext";
import { readSnapshotConfig } from "../config.ts";
import { connectSnapshot } from "../connect/snapshot.ts";
import type { RunResult } from "../domain/outcome.ts";
import { carryOut, type RunInput } from "../run/carry-out.ts";

let work: ((input: RunInput, durable: DurableContext) => Promise<RunResult>) | undefined;

/**
 * The durable function: carries out a run. Started by the trigger function under the run's name, and by itself for the
 * parts of a large run. What is built here is built once a process and shared by all its invocations.
 */
export const handler = middy<RunInput, RunResult, Error, DurableContext>({
	executionMode: executionModeDurableContext,
	// The early timeout of middy outlives a suspended invocation and would run the error path of a run that is well.
	timeoutEarlyInMillis: 0,
}).handler((input, durable) => {
	work ??= connectSnapshot(readSnapshotConfig(process.env), carryOut);
	return work(input, durable);
});
