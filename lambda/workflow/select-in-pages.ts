import { takeFitting } from "../domain/checkpoint-size.ts";
import { classifyFailure, type Failure, REFUSAL_PAUSE_SECONDS, type Refusals } from "../domain/failure.ts";
import { NO_NAME } from "../domain/outcome.ts";
import type { Run } from "../domain/run.ts";
import { SELECTION_TRIES } from "./operations.ts";
import { backOffSeconds, cutSeconds, leastPauseSeconds } from "./pace.ts";
import { createTargetWarning } from "./poll.ts";
import type { Ports } from "./ports.ts";
import { type ListRefusals, type SelectedTarget, selectWithinLimits } from "./select.ts";
import type { DurableSteps } from "./steps.ts";

/** What the first steps find: they are checkpointed, so that every replay sees the same targets and the same start. */
export interface Selection {
	readonly targets: readonly SelectedTarget[];
	/** Epoch milliseconds. */
	readonly startedAt: number;
}

/** Where a page of the selection stands: one checkpoint holds no more than a page of a large one. */
interface Page {
	/** Epoch milliseconds of the last try. */
	readonly at: number;
	readonly tries: number;
	readonly warnedAt?: number | undefined;
	/** Of the last try, if it failed. */
	readonly verdict?: Failure | undefined;
	/** Lists that were refused, see {@link ListRefusals}. */
	readonly refusals?: Readonly<Record<string, Refusals>>;
	readonly targets?: readonly SelectedTarget[] | undefined;
	/** Whether a further page follows. */
	readonly more?: boolean;
}

/** Seconds before the deadline at which a selection is tried for the last time. */
const LAST_TRY_SECONDS = 30;

/**
 * Selects the targets of a run, again and again until the deadline where time may cure what fails. A selection that is
 * larger than a checkpoint is kept in pages. Should the process die between two of them, the next is made from a new
 * selection less what was selected already, so that no target is selected twice.
 *
 * @returns one target that is refused, where nothing could be selected
 */
export async function selectInPages(ports: Ports, run: Run, steps: DurableSteps): Promise<Selection> {
	let found: Promise<readonly SelectedTarget[]> | undefined;
	const selectOnce = (refusals: ListRefusals) => {
		found ??= selectWithinLimits(ports, run, refusals).catch((error: unknown) => {
			found = undefined;
			throw error;
		});
		return found;
	};
	const targets: SelectedTarget[] = [];
	// A step of its own: what a condition that is waited for keeps is lost with a process that dies within a check.
	const startedAt = await steps.step("note-start", async () => ports.now());
	let tries = 0;
	for (;;) {
		const known = new Set(targets.map(keyOf));
		const page: Page = await selectPage(ports, run, steps, startedAt, { at: 0, tries }, async (refusals) =>
			(await selectOnce(refusals)).filter((target) => !known.has(keyOf(target))),
		);
		// A page that succeeds is no try of those that may fail.
		tries = page.targets ? page.tries - 1 : page.tries;
		targets.push(...(page.targets ?? [unselected(run, page.verdict)]));
		if (!page.more) return { targets, startedAt };
	}
}

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
	const pauseAfter = ({ at, tries, verdict }: Page): number | "stop" => {
		if (!verdict || !mayPass(verdict) || tries >= SELECTION_TRIES) return "stop";
		const { retryAfterSeconds = 0 } = verdict;
		const elapsedSeconds = (at - startedAt) / 1000;
		const lastSeconds = run.request.deadlineMinutes * 60 - LAST_TRY_SECONDS;
		const left = lastSeconds - elapsedSeconds;
		if (left <= retryAfterSeconds) return "stop";
		const least = leastPauseSeconds({ elapsedSeconds, lastSeconds, pausesLeft: SELECTION_TRIES - tries });
		const pause =
			verdict.refused && verdict.retry === "never"
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
					verdict: classifyFailure(error),
					refusals: Object.fromEntries(refusals),
				};
				const pause = pauseAfter(failed);
				return { ...failed, warnedAt: warn(failed.verdict.reason, failed.at, before.warnedAt, pause) };
			}
		},
		pauseAfter,
	);
}

/** A refusal gets here only as long as it is not believed. */
const mayPass = ({ retry, refused }: Failure): boolean => retry === "again" || refused;

const keyOf = ({ projectId, clusterName }: SelectedTarget): string => `${projectId}/${clusterName}`;

const unselected = (run: Run, verdict: Failure | undefined): SelectedTarget => ({
	projectId: run.request.projectId ?? NO_NAME,
	clusterName: NO_NAME,
	refused: verdict?.reason,
});
