import { type DurableContext, DurableOperationError, NestingType } from "@aws/durable-execution-sdk-js";
import type { RunResult, TargetStatus } from "../domain/outcome.ts";
import type { Run } from "../domain/run.ts";
import { publishEndedPart, unpublishedTarget } from "./ended-part.ts";
import { PARTS_PER_EXECUTION, TARGETS_PER_EXECUTION } from "./operations.ts";
import type { Ports } from "./ports.ts";
import type { SelectedTarget } from "./select.ts";
import type { Selection } from "./select-in-pages.ts";
import { createSteps } from "./steps.ts";

/** A run, or a part of one that was chained because it has too many targets for one execution. */
export type RunInput = Run & { readonly part?: Selection };

/** How the targets of a run or a part of it ended; `omitted` of them did not fit into a result. */
export interface PartOutcome {
	readonly statuses: readonly TargetStatus[];
	readonly omitted: number;
}

/**
 * Carries out a run that has too many targets for one execution: each part is an execution of the same function, which
 * is divided again where it still has too many.
 *
 * All parts start at once, so that none waits for another's snapshots and the deadline counts from the run's start for
 * all of them. Where Lambda starts one late all the same, its targets are refused once the deadline has passed.
 */
export async function runInParts(
	ports: Ports,
	run: Run,
	{ targets, startedAt }: Selection,
	durable: DurableContext,
): Promise<PartOutcome> {
	const { invokedFunctionArn: self } = durable.lambdaContext;
	const { durableExecutionArn } = durable.executionContext;
	const parts = divideIntoParts(targets);
	const ended = await durable.map(
		"parts",
		parts,
		(branch, part) =>
			branch
				.invoke<RunInput, RunResult>("carry-out-part", self, { ...run, part: { targets: part, startedAt } })
				.then(outcomeOf)
				.catch((error: unknown) => {
					const result = resultIn(error);
					if (result) return outcomeOf(result);
					const steps = createSteps(branch);
					const statuses = publishEndedPart({ ports, steps, run, part, startedAt, error, durableExecutionArn });
					return statuses.then((all) => ({ statuses: all, omitted: 0 }));
				}),
		{ completionConfig: { toleratedFailurePercentage: 100 }, nesting: NestingType.FLAT },
	);
	const each = ended.all.map(
		({ result, error, index }): PartOutcome =>
			result ?? {
				statuses: (parts[index] ?? []).map((target) => unpublishedTarget(run, target, startedAt, error)),
				omitted: 0,
			},
	);
	return {
		statuses: each.flatMap(({ statuses }) => statuses),
		omitted: each.reduce((sum, { omitted }) => sum + omitted, 0),
	};
}

const outcomeOf = ({ targets, omitted = 0 }: RunResult): PartOutcome => ({ statuses: targets, omitted });

/**
 * Divides targets into so few parts that one execution can chain them all, and parts so small, if it can be, that each
 * is carried out in one. A project stays in one part where it fits: its rate budget is then kept in one process.
 */
export function divideIntoParts(targets: readonly SelectedTarget[]): SelectedTarget[][] {
	const size = Math.max(TARGETS_PER_EXECUTION, Math.ceil((2 * targets.length) / PARTS_PER_EXECUTION));
	const parts: SelectedTarget[][] = [];
	let part: SelectedTarget[] = [];
	for (const project of Map.groupBy(targets, ({ projectId }) => projectId).values()) {
		if (part.length > 0 && part.length + project.length > size) {
			parts.push(part);
			part = [];
		}
		for (const target of project) {
			if (part.length === size) {
				parts.push(part);
				part = [];
			}
			part.push(target);
		}
	}
	return part.length > 0 ? [...parts, part] : parts;
}

/** The result that a chained part threw along with its error; none where AWS ended it, or a defect. */
function resultIn(error: unknown): RunResult | undefined {
	if (!(error instanceof DurableOperationError) || error.errorData === undefined) return undefined;
	try {
		return JSON.parse(error.errorData);
	} catch {
		return undefined;
	}
}
