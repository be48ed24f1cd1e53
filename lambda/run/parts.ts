import { type DurableContext, DurableOperationError, NestingType } from "@aws/durable-execution-sdk-js";
import type { RunResult, TargetStatus } from "../domain/outcome.ts";
import { isFinal } from "../domain/outcome.ts";
import { HARD_LIMIT_MINUTES } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
import { brokenOff, describeChange, statusOf } from "../domain/state-change.ts";
import { stepsOf } from "./durable-steps.ts";
import { PARTS_PER_EXECUTION, PUBLISH_LOST_TRIES, READ_PART_TRIES, TARGETS_PER_EXECUTION } from "./operations.ts";
import { backOff, publishPause } from "./pace.ts";
import type { Ports } from "./ports.ts";
import type { Candidate } from "./select.ts";
import type { Selected } from "./selection.ts";
import type { Steps } from "./steps.ts";

/** A run, or a part of one that was chained because it has too many targets for one execution. */
export type RunInput = Run & { readonly part?: Selected };

/** How the targets of a run or a part of it ended; `omitted` of them did not fit into a result. */
export interface Ended {
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
export async function carryOutInParts(
	ports: Ports,
	run: Run,
	{ targets, startedAt }: Selected,
	durable: DurableContext,
): Promise<Ended> {
	const { invokedFunctionArn: self } = durable.lambdaContext;
	const { durableExecutionArn } = durable.executionContext;
	const parts = inParts(targets);
	const ended = await durable.map(
		"parts",
		parts,
		(branch, part) =>
			branch
				.invoke<RunInput, RunResult>("carry-out-part", self, { ...run, part: { targets: part, startedAt } })
				.then(endOf)
				.catch((error: unknown) => {
					const result = resultIn(error);
					return result
						? endOf(result)
						: salvage(ports, run, part, startedAt, error, stepsOf(branch), durableExecutionArn);
				}),
		{ completionConfig: { toleratedFailurePercentage: 100 }, nesting: NestingType.FLAT },
	);
	const each = ended.all.map(
		({ result, error, index }): Ended =>
			result ?? { statuses: (parts[index] ?? []).map((target) => lost(run, target, startedAt, error)), omitted: 0 },
	);
	return {
		statuses: each.flatMap(({ statuses }) => statuses),
		omitted: each.reduce((sum, { omitted }) => sum + omitted, 0),
	};
}

const endOf = ({ targets, omitted = 0 }: RunResult): Ended => ({ statuses: targets, omitted });

/**
 * Divides targets into so few parts that one execution can chain them all, and parts so small, if it can be, that each
 * is carried out in one. A project stays in one part where it fits: its rate budget is then kept in one process.
 */
export function inParts(targets: readonly Candidate[]): Candidate[][] {
	const size = Math.max(TARGETS_PER_EXECUTION, Math.ceil((2 * targets.length) / PARTS_PER_EXECUTION));
	const parts: Candidate[][] = [];
	let part: Candidate[] = [];
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

/**
 * Ends the targets of a part that broke off: what it has published stands, as its history tells; the others are
 * published as `LOST` here. What was published while AWS ended the part is in no history and may be published twice.
 */
async function salvage(
	ports: Ports,
	run: Run,
	part: readonly Candidate[],
	startedAt: number,
	error: unknown,
	steps: Steps,
	arn: string,
): Promise<Ended> {
	const keys = new Set(part.map(keyOf));
	const read = await steps.until<{ readonly tries: number; readonly statuses?: readonly TargetStatus[] | undefined }>(
		"read-part",
		{ tries: 0 },
		async ({ tries }) => {
			const published = await ports.readBrokenParts(arn).catch(() => undefined);
			const statuses = published?.filter((status) => keys.has(keyOf(status)) && isFinal(status.state));
			return { tries: tries + 1, statuses };
		},
		({ tries, statuses }) => (statuses || tries >= READ_PART_TRIES ? "stop" : backOff(tries, arn)),
	);
	const ended = new Map(read.statuses?.map((status) => [keyOf(status), status]));
	const missing = part.filter((target) => !ended.has(keyOf(target)));
	if (missing.length > 0) {
		for (const status of await publishLost(ports, run, missing, startedAt, error, steps))
			ended.set(keyOf(status), status);
	}
	return {
		statuses: part.map((target) => ended.get(keyOf(target)) ?? lost(run, target, startedAt, error)),
		omitted: 0,
	};
}

/** Publishes targets as `LOST`, each once: a try goes on where the one before was refused. */
async function publishLost(
	ports: Ports,
	run: Run,
	missing: readonly Candidate[],
	startedAt: number,
	error: unknown,
	steps: Steps,
): Promise<readonly TargetStatus[]> {
	const { targets } = await steps.until<{ readonly tries: number; readonly targets: readonly TargetStatus[] }>(
		"publish-lost",
		{ tries: 0, targets: [] },
		async ({ tries, targets: before }) => {
			const done = [...before];
			try {
				for (const target of missing.slice(done.length)) {
					const event = describeChange(run, target, { ...brokenOff(startedAt, error), endedAt: ports.now() });
					await ports.publish(event);
					done.push(statusOf(event));
				}
			} catch {
				// The bus refuses: the next try goes on from here.
			}
			return { tries: tries + 1, targets: done };
		},
		({ tries, targets: done }) =>
			done.length === missing.length ? "stop" : publishPause(tries, PUBLISH_LOST_TRIES, HARD_LIMIT_MINUTES * 60),
	);
	return targets;
}

/** A target of which not even the end could be published: the run fails, and the platform's alarm tells. */
export const lost = (run: Run, target: Candidate, startedAt: number, error: unknown): TargetStatus =>
	statusOf(describeChange(run, target, { ...brokenOff(startedAt, error), endedAt: startedAt }));

const keyOf = ({ projectId, clusterName }: { readonly projectId: string; readonly clusterName: string }): string =>
	`${projectId}/${clusterName}`;
