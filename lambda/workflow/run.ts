import { type DurableContext, DurableOperationError, NestingType } from "@aws/durable-execution-sdk-js";
import { takeFitting } from "../domain/checkpoint-size.ts";
import { isSuccess, NO_NAME, type RunResult, type TargetStatus } from "../domain/outcome.ts";
import { parseRun, type Run } from "../domain/run.ts";
import { unpublishedTarget } from "./ended-part.ts";
import { TARGETS_PER_EXECUTION } from "./operations.ts";
import { type PartOutcome, type RunInput, runInParts } from "./parts.ts";
import type { Ports } from "./ports.ts";
import { checkPartLimits, refusalOfEmptySelection } from "./select.ts";
import { type Selection, selectInPages } from "./select-in-pages.ts";
import { createSteps } from "./steps.ts";
import { runTarget } from "./target.ts";

/**
 * Carries out a run: selects its targets, takes each to its end, and returns how they ended. The body runs again from
 * the top at every replay, so it holds no clock, no randomness and no I/O: those live inside steps.
 *
 * @throws RunIncomplete when a target was neither completed nor skipped, after everything is published, so that the
 * platform's own metrics and alarms tell
 */
export const runRequest =
	(ports: Ports, firstPollSeconds: number) =>
	async (input: RunInput, durable: DurableContext): Promise<RunResult> => {
		const run = parseRun(input);
		const steps = createSteps(durable);
		const selected = partOf(ports, run, input) ?? (await selectInPages(ports, run, steps));
		const { startedAt } = selected;
		const { statuses, omitted } =
			selected.targets.length <= TARGETS_PER_EXECUTION
				? await carryOutHere(ports, run, selected, firstPollSeconds, durable, input.part !== undefined)
				: await runInParts(ports, run, selected, durable);
		const refused = input.part ? undefined : refusalOfEmptySelection(run.request, statuses);
		const last = refused
			? [await runTarget(ports, steps, run, refused, startedAt, firstPollSeconds, tellDefect(durable, run, NO_NAME))]
			: [];
		const all = [...statuses, ...last];
		const result = toRunResult(run.run, all, omitted);
		if (!all.every(({ state }) => isSuccess(state))) throw new RunIncomplete(result);
		return result;
	};

const partOf = (ports: Ports, run: Run, { part }: RunInput): Selection | undefined =>
	part && { targets: checkPartLimits(ports, run, part.targets), startedAt: part.startedAt };

async function carryOutHere(
	ports: Ports,
	run: Run,
	{ targets, startedAt }: Selection,
	firstPollSeconds: number,
	durable: DurableContext,
	isPart: boolean,
): Promise<PartOutcome> {
	const branches = await durable.map(
		"targets",
		[...targets],
		(branch, target) => {
			const onDefect = tellDefect(branch, run, target.clusterName);
			return runTarget(ports, createSteps(branch), run, target, startedAt, firstPollSeconds, onDefect, isPart);
		},
		{
			itemNamer: ({ clusterName }) => clusterName,
			completionConfig: { toleratedFailurePercentage: 100 },
			// A branch of its own would be one operation more a target.
			nesting: NestingType.FLAT,
		},
	);
	const unknown = { projectId: NO_NAME, clusterName: NO_NAME };
	const statuses = branches.all.map(
		({ result, error, index }) => result ?? unpublishedTarget(run, targets[index] ?? unknown, startedAt, error),
	);
	return { statuses, omitted: 0 };
}

const tellDefect =
	({ logger }: DurableContext, run: Run, clusterName: string) =>
	(error: unknown): void =>
		logger.error("a target's workflow broke off", { run: run.run, cluster_name: clusterName, error });

/**
 * The result of a run, measured before it is returned: of a run so large that its targets do not fit into a checkpoint,
 * those that did not succeed come first, and those left out are counted. The histories of its parts hold them all.
 */
export function toRunResult(run: string, targets: readonly TargetStatus[], omitted = 0): RunResult {
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
