import { type DurableContext, DurableOperationError, NestingType, StepSemantics } from "@aws/durable-execution-sdk-js";
import { isSuccess, type RunResult, type TargetStatus } from "../domain/outcome.ts";
import { readRun } from "../domain/read-run.ts";
import type { Run } from "../domain/run.ts";
import { brokenOff, describeChange, statusOf } from "../domain/state-change.ts";
import { judge, type Verdict } from "../domain/verdict.ts";
import { backUp } from "./back-up.ts";
import { TARGETS_PER_EXECUTION } from "./operations.ts";
import { backOff } from "./pace.ts";
import type { Ports } from "./ports.ts";
import { ANY, type Candidate, noneEligible } from "./select.ts";
import { partAllowed, selectAllowed } from "./select-allowed.ts";
import type { Steps } from "./steps.ts";

/** A run, or a part of one that was chained because it has too many targets for one execution. */
export type RunInput = Run & { readonly part?: Selected };

/** What the first step finds: it is checkpointed, so that every replay sees the same targets and the same start. */
export interface Selected {
	readonly targets: readonly Candidate[];
	/** Epoch milliseconds. */
	readonly startedAt: number;
}

/** Attempts of a selection that time may cure, before the run is given up. */
const SELECT_ATTEMPTS = 8;

/**
 * Carries out a run: selects its targets, takes each through its story, and returns how they ended. The body runs again
 * from the top at every replay, so it holds no clock, no randomness and no I/O: those live inside steps.
 *
 * @throws RunIncomplete when a target was neither completed nor skipped, after everything is published, so that the
 * platform's own metrics and alarms hear it
 */
export const carryOut =
	(ports: Ports, firstPollSeconds: number) =>
	async (input: RunInput, durable: DurableContext): Promise<RunResult> => {
		const run = readRun(input);
		const { targets, startedAt } = partOf(ports, run, input) ?? (await select(ports, run, durable));
		const statuses =
			targets.length <= TARGETS_PER_EXECUTION
				? await carryOutHere(ports, run, targets, startedAt, firstPollSeconds, durable)
				: await carryOutInParts(run, targets, startedAt, durable);
		const refused = input.part ? undefined : noneEligible(run.request, statuses);
		if (refused) statuses.push(await backUp(ports, stepsOf(durable), run, refused, startedAt, firstPollSeconds));
		const result = { run: run.run, targets: statuses };
		if (!statuses.every(({ state }) => isSuccess(state))) throw new RunIncomplete(result);
		return result;
	};

/** A run of which some target was neither completed nor skipped. The durable engine keeps `errorData`: it holds the {@link RunResult}. */
class RunIncomplete extends DurableOperationError {
	readonly errorType = "RUN_INCOMPLETE";

	constructor(result: RunResult) {
		const missed = result.targets.filter(({ state }) => !isSuccess(state));
		const names = missed.slice(0, 5).map(({ clusterName, state }) => `${clusterName} ${state}`);
		const more = missed.length > names.length ? ` and ${missed.length - names.length} more` : "";
		super(
			`${missed.length} of ${result.targets.length} targets neither completed nor skipped: ${names.join(", ")}${more}`,
			undefined,
			JSON.stringify(result),
		);
		this.name = "RUN_INCOMPLETE";
	}
}

const partOf = (ports: Ports, run: Run, { part }: RunInput): Selected | undefined =>
	part && { targets: partAllowed(ports, run, part.targets), startedAt: part.startedAt };

async function select(ports: Ports, run: Run, durable: DurableContext): Promise<Selected> {
	for (let attempt = 1; ; attempt++) {
		const selected = await durable.step(
			"select-targets",
			async (): Promise<Selected | { verdict: Verdict; startedAt: number }> => {
				const startedAt = ports.now();
				try {
					return { targets: await selectAllowed(ports, run), startedAt };
				} catch (error) {
					return { verdict: judge(error), startedAt };
				}
			},
			never,
		);
		if ("targets" in selected) return selected;
		const { verdict, startedAt } = selected;
		if (verdict.retry === "never" || attempt >= SELECT_ATTEMPTS) {
			const unselected = { projectId: run.request.projectId ?? ANY, clusterName: ANY, refused: verdict.reason };
			return { targets: [unselected], startedAt };
		}
		await durable.wait("before-selecting", { seconds: backOff(attempt, run.run, verdict.retryAfterSeconds) });
	}
}

async function carryOutHere(
	ports: Ports,
	run: Run,
	targets: readonly Candidate[],
	startedAt: number,
	firstPollSeconds: number,
	durable: DurableContext,
): Promise<TargetStatus[]> {
	const branches = await durable.map(
		"targets",
		[...targets],
		(branch, target) => {
			const onDefect = (error: unknown) =>
				branch.logger.error("a target's workflow broke off", { run: run.run, cluster_name: target.clusterName, error });
			return backUp(ports, stepsOf(branch), run, target, startedAt, firstPollSeconds, onDefect);
		},
		{
			itemNamer: ({ clusterName }) => clusterName,
			completionConfig: { toleratedFailurePercentage: 100 },
			// A branch of its own would be one operation more a target.
			nesting: NestingType.FLAT,
		},
	);
	return branches.all.map(({ result, error, index }) => result ?? unheard(run, targets[index], startedAt, error));
}

/** Runs that are too long for one execution are chained: each part is an execution of the same function. */
async function carryOutInParts(
	run: Run,
	targets: readonly Candidate[],
	startedAt: number,
	durable: DurableContext,
): Promise<TargetStatus[]> {
	const self = durable.lambdaContext.invokedFunctionArn;
	const parts = inParts(targets);
	const ended = await durable.map(
		"parts",
		parts,
		(branch, part) =>
			branch
				.invoke<RunInput, RunResult>("carry-out-part", self, { ...run, part: { targets: part, startedAt } })
				.then(({ targets: statuses }) => statuses)
				.catch((error: unknown) => incomplete(error) ?? part.map((target) => unheard(run, target, startedAt, error))),
		{ maxConcurrency: PARTS_AT_ONCE, completionConfig: { toleratedFailurePercentage: 100 } },
	);
	return ended.all.flatMap(
		({ result, error, index }) =>
			result ?? (parts[index] ?? []).map((target) => unheard(run, target, startedAt, error)),
	);
}

/** Each part mints a token and opens a connection of its own. */
const PARTS_AT_ONCE = 10;

/** Parts never mix projects: one project's failure touches no other, and its rate budget stays in one process. */
function inParts(targets: readonly Candidate[]): Candidate[][] {
	const projects = Map.groupBy(targets, ({ projectId }) => projectId);
	return [...projects.values()].flatMap((group) => {
		const parts: Candidate[][] = [];
		for (let i = 0; i < group.length; i += TARGETS_PER_EXECUTION) parts.push(group.slice(i, i + TARGETS_PER_EXECUTION));
		return parts;
	});
}

/** The result that a chained part threw along with its error. */
function incomplete(error: unknown): readonly TargetStatus[] | undefined {
	if (!(error instanceof DurableOperationError) || error.errorData === undefined) return undefined;
	const { targets }: RunResult = JSON.parse(error.errorData);
	return targets;
}

/** A target of which not even the end could be published: the run fails, and the platform's alarm hears it. */
const unheard = (run: Run, target: Candidate | undefined, startedAt: number, error: unknown): TargetStatus =>
	statusOf(
		describeChange(run, target ?? { projectId: ANY, clusterName: ANY }, {
			...brokenOff(startedAt, error),
			endedAt: startedAt,
		}),
	);

/** No step is repeated by the engine unless the story says so: by default it would repeat wrong keys as well. */
const never = { retryStrategy: () => ({ shouldRetry: false }) } as const;
const atMostOnce = { ...never, semantics: StepSemantics.AtMostOncePerRetry };
/** The story's view of the engine. */
function stepsOf(durable: DurableContext): Steps {
	return {
		step: async (name, work) => durable.step(name, work, never),
		once: async (name, work) => durable.step(name, work, atMostOnce).catch(() => undefined),
		insist: async (name, work, pauseAfter) =>
			durable.step(name, work, {
				retryStrategy(error, tries) {
					const seconds = pauseAfter(tries, error);
					return seconds === "stop" ? { shouldRetry: false } : { shouldRetry: true, delay: { seconds } };
				},
			}),
		warn: (message, fields) => durable.logger.warn(message, fields),
		sleep: async (name, seconds) => durable.wait(name, { seconds }),
		until: async (name, initialState, check, next) =>
			durable.waitForCondition(name, check, {
				initialState,
				waitStrategy: (state) => {
					const seconds = next(state);
					return seconds === "stop" ? { shouldContinue: false } : { shouldContinue: true, delay: { seconds } };
				},
			}),
	};
}
