import { DurableOperationError } from "@aws/durable-execution-sdk-js";
import { isSuccess, type RunResult, type TargetStatus } from "../domain/outcome.ts";
import { takeFitting } from "../domain/size.ts";

/**
 * The result of a run, measured before it is returned: of a run so large that its targets do not fit into a checkpoint,
 * those that did not succeed come first, and those left out are counted. The histories of its parts hold them all.
 */
export function resultOf(run: string, targets: readonly TargetStatus[], omitted = 0): RunResult {
	const fitting = takeFitting(targets);
	if (fitting.length === targets.length && omitted === 0) return { run, targets };
	const failuresFirst = targets.toSorted((a, b) => Number(isSuccess(a.state)) - Number(isSuccess(b.state)));
	const kept = takeFitting(failuresFirst);
	return { run, targets: kept, omitted: omitted + targets.length - kept.length };
}

/**
 * A run of which some target was neither completed nor skipped. The durable engine keeps `errorData`: it holds the
 * {@link RunResult}.
 */
export class RunIncomplete extends DurableOperationError {
	readonly errorType = "RUN_INCOMPLETE";

	constructor(result: RunResult) {
		const missed = result.targets.filter(({ state }) => !isSuccess(state));
		const names = missed.slice(0, 5).map(({ clusterName, state }) => `${clusterName} ${state}`);
		const more = missed.length > names.length ? ` and ${missed.length - names.length} more` : "";
		const all = result.targets.length + (result.omitted ?? 0);
		super(
			`${missed.length} of ${all} targets neither completed nor skipped: ${names.join(", ")}${more}`,
			undefined,
			JSON.stringify(result),
		);
		this.name = "RUN_INCOMPLETE";
	}
}
