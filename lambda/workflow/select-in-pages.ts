import { takeFitting } from "../domain/checkpoint-size.ts";
import { classifyFailure, type Failure, REFUSAL_PAUSE_SECONDS, type Refusals } from "../domain/failure.ts";
import { NO_NAME, targetKey } from "../domain/outcome.ts";
import { isListOfNames } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
import { SELECTION_TRIES } from "./operations.ts";
import { backOffSeconds, cutSeconds, leastPauseSeconds } from "./pauses.ts";
import type { Ports } from "./ports.ts";
import { type ListRefusals, type SelectedTarget, selectWithinLimits } from "./select.ts";
import type { DurableSteps } from "./steps.ts";
import { createTargetWarning } from "./warnings.ts";

/** The result of the first steps, which every replay reads from their checkpoints. */
export interface Selection {
	readonly targets: readonly SelectedTarget[];
	/** Epoch milliseconds. */
	readonly startedAt: number;
}

/** The state of selecting one page: one checkpoint holds no more than a page of a large selection. */
interface Page {
	/** Epoch milliseconds of the last try. */
	readonly at: number;
	readonly tries: number;
	readonly warnedAt?: number | undefined;
	/** Of the last try, if it failed. */
	readonly failure?: Failure | undefined;
	/** Lists that were refused, see {@link ListRefusals}. */
	readonly refusals?: Readonly<Record<string, Refusals>>;
	readonly targets?: readonly SelectedTarget[] | undefined;
	/** Whether a further page follows. */
	readonly more?: boolean;
}

/** Seconds before the deadline at which a selection is tried for the last time. */
const LAST_TRY_SECONDS = 30;

/**
 * Selects the targets of a run, and retries until the deadline what may pass. A selection larger than a checkpoint is kept
 * in pages. If the process dies between two pages, the next one comes from a new selection without what was selected
 * already, so that no target is selected twice.
 *
 * @returns one target that is refused, where nothing could be selected
 */
export async function selectInPages(ports: Ports, run: Run, steps: DurableSteps): Promise<Selection> {
	const { clusters } = run.request;
	if (isListOfNames(clusters) && clusters.length <= NAMED_AT_ONCE) return selectNamed(ports, run, steps);
	let found: Promise<readonly SelectedTarget[]> | undefined;
	const selectOnce = (refusals: ListRefusals) => {
		found ??= selectWithinLimits(ports, run, refusals).catch((error: unknown) => {
			found = undefined;
			throw error;
		});
		return found;
	};
	const targets: SelectedTarget[] = [];
	// A step of its own: the state of a waitForCondition is lost if the process dies within its first check.
	const startedAt = await steps.step("note-start", async () => ports.now());
	let tries = 0;
	for (;;) {
		const known = new Set(targets.map(targetKey));
		const page: Page = await selectPage(ports, run, steps, startedAt, { at: 0, tries }, async (refusals) =>
			(await selectOnce(refusals)).filter((target) => !known.has(targetKey(target))),
		);
		// A page that succeeds does not count as a try.
		tries = page.targets ? page.tries - 1 : page.tries;
		targets.push(...(page.targets ?? [unselected(run, page.failure)]));
		if (!page.more) return { targets, startedAt };
	}
}

/** Named targets, which no call can fail to find, need one step: so they fit into its checkpoint with a reason each. */
const NAMED_AT_ONCE = 200;

const selectNamed = (ports: Ports, run: Run, steps: DurableSteps): Promise<Selection> =>
	steps.step("select-targets", async () => {
		const startedAt = ports.now();
		try {
			return { startedAt, targets: await selectWithinLimits(ports, run, new Map()) };
		} catch (error) {
			return { startedAt, targets: [unselected(run, classifyFailure(error))] };
		}
	});

async function selectPage(
	ports: Ports,
	run: Run,
	steps: DurableSteps,
	startedAt: number,
	begin: Page,
	select: (refusals: ListRefusals) => Promise<readonly SelectedTarget[]>,
): Promise<Page> {
	const whole = { projectId: run.request.projectId ?? NO_NAME, clusterName: NO_NAME };
	const warn = createTargetWarning(ports.warn, run.run, whole, "the clusters could not be selected");
	const pauseAfter = ({ at, tries, failure }: Page): number | "stop" => {
		if (!failure || !mayPass(failure) || tries >= SELECTION_TRIES) return "stop";
		const { retryAfterSeconds = 0 } = failure;
		const elapsedSeconds = (at - startedAt) / 1000;
		const lastSeconds = run.request.deadlineMinutes * 60 - LAST_TRY_SECONDS;
		const left = lastSeconds - elapsedSeconds;
		if (left <= retryAfterSeconds) return "stop";
		const least = leastPauseSeconds({ elapsedSeconds, lastSeconds, pausesLeft: SELECTION_TRIES - tries });
		const pause =
			failure.refused && failure.retry === "never"
				? Math.max(REFUSAL_PAUSE_SECONDS, retryAfterSeconds)
				: backOffSeconds(tries, run.run, retryAfterSeconds, elapsedSeconds);
		return cutSeconds(Math.max(pause, least), left);
	};
	return steps.until<Page>(
		"select-targets",
		begin,
		async (before) => {
			const tried = { tries: before.tries + 1, warnedAt: before.warnedAt };
			const refusals: ListRefusals = new Map(Object.entries(before.refusals ?? {}));
			try {
				const found = await select(refusals);
				const targets = takeFitting(found);
				return { ...tried, at: ports.now(), targets, more: targets.length < found.length };
			} catch (error) {
				const failed = {
					...tried,
					at: ports.now(),
					failure: classifyFailure(error),
					refusals: Object.fromEntries(refusals),
				};
				const pause = pauseAfter(failed);
				return { ...failed, warnedAt: warn(failed.failure.reason, failed.at, before.warnedAt, pause) };
			}
		},
		pauseAfter,
	);
}

/** A refusal is thrown only while it may pass. */
const mayPass = ({ retry, refused }: Failure): boolean => retry === "again" || refused;

const unselected = (run: Run, failure: Failure | undefined): SelectedTarget => ({
	projectId: run.request.projectId ?? NO_NAME,
	clusterName: NO_NAME,
	refused: failure?.reason,
});
