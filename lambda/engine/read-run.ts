import type { GetDurableExecutionResponse } from "@aws-sdk/client-lambda";
import * as v from "valibot";
import type { Reason } from "../domain/outcome.ts";
import type { Executions } from "./executions.ts";
import { mergeTargets, tellTargets } from "./history.ts";
import { type PendingTarget, pendingTargets, type RunStatus, type TargetView } from "./run-status.ts";
import { parse, readResult } from "./step-results.ts";

/** As many chained parts as a run carries out at once. */
const MAX_PARTS = 10;

/**
 * Reads where a run stands from the execution that carries it out: the result where it ended, the history while it runs
 * or where it ended without a result.
 */
export async function readExecution(executions: Executions, run: string, arn: string): Promise<RunStatus | undefined> {
	const execution = await executions.get(arn);
	if (execution === undefined) return undefined;
	const status = statusOf(execution);
	const result = readResult(execution.Result) ?? readResult(execution.Error?.ErrorData);
	const startedAt = execution.StartTimestamp?.getTime() ?? 0;
	if (status !== "RUNNING" && result) return { run, status, targets: result, startedAt };
	const targets = await tell(executions, arn, namedIn(execution.InputPayload));
	const reason = reasonOf(execution);
	return { run, status, targets, startedAt, ...(reason && { reason }) };
}

async function tell(executions: Executions, arn: string, named: readonly PendingTarget[]): Promise<TargetView[]> {
	const { targets, parts } = tellTargets(await executions.history(arn), named);
	const told: TargetView[] = [];
	for (const part of parts.slice(0, MAX_PARTS)) {
		told.push(...tellTargets(await executions.history(part), []).targets);
	}
	return mergeTargets(targets, told);
}

function statusOf({ Status }: GetDurableExecutionResponse): RunStatus["status"] {
	if (Status === "RUNNING" || Status === "SUCCEEDED") return Status;
	return "FAILED";
}

/** AWS's own text about a failure may hold ARNs and stacks, so each way to fail has a sentence of ours. */
function reasonOf({ Status }: GetDurableExecutionResponse): Reason | undefined {
	if (Status === "RUNNING" || Status === "SUCCEEDED") return undefined;
	if (Status === "TIMED_OUT") return { code: "RUN_TIMED_OUT", message: "the run outlived its execution timeout" };
	if (Status === "STOPPED") return { code: "RUN_STOPPED", message: "the run was stopped by an operator" };
	return { code: "RUN_BROKEN_OFF", message: "the run broke off; see the log of the snapshot function" };
}

const InputSchema = v.object({
	request: v.object({ projectId: v.string(), clusters: v.array(v.string()) }),
});

function namedIn(input: string | undefined): PendingTarget[] {
	const run = parse(input);
	return v.is(InputSchema, run) ? pendingTargets(run.request) : [];
}
