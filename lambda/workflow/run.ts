import { type DurableContext, DurableOperationError, NestingType } from "@aws/durable-execution-sdk-js";
import { takeFitting } from "../domain/checkpoint-size.ts";
import { isSuccess, NO_NAME, type RunResult, type TargetStatus } from "../domain/outcome.ts";
import { parseRun, type Run } from "../domain/run.ts";
import { unpublishedTarget } from "./ended-part.ts";
import { TARGETS_PER_EXECUTION } from "./operations.ts";
import { type PartOutcome, type RunInput, runInParts } from "./parts.ts";
import type { Ports } from "./ports.ts";
import { applyCallerLimits, refusalOfEmptySelection, type SelectedTarget } from "./select.ts";
import { type Selection, selectInPages } from "./select-in-pages.ts";
import { createSteps } from "./steps.ts";
import { runTarget } from "./target.ts";

/**
 * Carries out a run: selects its targets, carries out each, and returns how they ended. The body runs again from the top
 * at every replay, so it has no clock, no randomness and no I/O outside steps.
 *
 * @throws RunIncomplete when a target was neither completed nor skipped, after everything is published, so that Lambda's
 * own metrics and alarms show it
 */
export const runRequest =
	(ports: Ports, firstPollSeconds: number) =>
	async (input: RunInput, durable: DurableContext): Promise<RunResult> => {
		const run = parseRun(input);
		const isOfPart = input.part !== undefined;
		const selection = input.part
			? { ...input.part, targets: applyCallerLimits(ports, run, input.part.targets) }
			: await selectInPages(ports, run, createSteps(durable));
		const { startedAt } = selection;
		const runOne = (context: DurableContext, target: SelectedTarget) =>
			runTarget({
				...{ ports, run, target, startedAt, firstPollSeconds, isOfPart },
				steps: createSteps(context),
				onDefect: (error) =>
					context.logger.error("a target's workflow ended unexpectedly", {
						run: run.run,
						cluster_name: target.clusterName,
						error,
					}),
			});
		const { statuses, omitted } =
			selection.targets.length <= TARGETS_PER_EXECUTION
				? await runHere(run, selection, durable, runOne)
				: await runInParts(ports, run, selection, durable);
		const refused = isOfPart ? undefined : refusalOfEmptySelection(run.request, statuses);
		const all = refused ? [...statuses, await runOne(durable, refused)] : statuses;
		const result = toRunResult(run.run, all, omitted);
		if (!all.every(({ state }) => isSuccess(state))) throw new RunIncomplete(result);
		return result;
	};

async function runHere(
	run: Run,
	{ targets, startedAt }: Selection,
	durable: DurableContext,
	runOne: (branch: DurableContext, target: SelectedTarget) => Promise<TargetStatus>,
): Promise<PartOutcome> {
	const branches = await durable.map("targets", [...targets], runOne, {
		itemNamer: ({ clusterName }) => clusterName,
		completionConfig: { toleratedFailurePercentage: 100 },
		// A branch with a context of its own costs one operation more per target.
		nesting: NestingType.FLAT,
	});
	const unknown = { projectId: NO_NAME, clusterName: NO_NAME };
	const statuses = branches.all.map(
		({ result, error, index }) => result ?? unpublishedTarget(run, targets[index] ?? unknown, startedAt, error),
	);
	return { statuses, omitted: 0 };
}

/**
 * The result of a run, measured before it is returned. Where its targets do not fit into a checkpoint, those that did not
 * succeed come first, and those left out are counted; the histories of the run's parts hold them all.
 */
export function toRunResult(run: string, targets: readonly TargetStatus[], omitted = 0): RunResult {
	const fitting = takeFitting(targets);
	if (fitting.length === targets.length && omitted === 0) return { run, targets };
	const failuresFirst = targets.toSorted((a, b) => Number(isSuccess(a.state)) - Number(isSuccess(b.state)));
	const kept = takeFitting(failuresFirst);
	return { run, targets: kept, omitted: omitted + targets.length - kept.length };
}

/** Some target was neither completed nor skipped. The engine keeps `errorData`, which holds the {@link RunResult}. */
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
