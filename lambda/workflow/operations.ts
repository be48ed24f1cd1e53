import { HARD_LIMIT_MINUTES } from "../domain/request.ts";
import { leastPauseSeconds } from "./pauses.ts";
import type { DurableSteps } from "./steps.ts";

/**
 * Durable operations, as AWS meters them: a step 1 and 1 for each retry, a wait 1, a waitForCondition 1 and 1 for each
 * check, a map 1, a chained invocation 1, an execution 1, an invocation that Lambda repeats 1. An execution that passes
 * the limit is ended by AWS in the middle.
 *
 * @see Lambda Developer Guide, "Lambda quotas" (durable operations: 3,000, cannot be raised)
 * @see AWS Durable Execution SDK, "Checkpoint consumption"
 */
const OPERATIONS_PER_EXECUTION = 3_000;

/**
 * What one target may use until it is followed no longer, whatever happens to it. A snapshot that is polled for three days from every 15
 * seconds on takes 90 polls; the rest is what comes before and after.
 */
export const TARGET_OPERATIONS = 110;

/** Of these, its share of the invocations that Lambda repeats because one died. */
const INVOCATION_RETRIES = 4;

/**
 * Of these, what is kept for the end of a target, which comes after the last pause: five that may stand between two
 * pauses (a poll, a request, a lookup, and the start of another waitForCondition with its first check), STARTED, LATE
 * and the waitForCondition after it, the end that a part keeps, and the final event with 4 tries of it.
 */
const KEPT_FOR_THE_END = 15;

/** Tries of a selection at most. Those of three days, as the back-off spaces them, are fewer. */
export const SELECTION_TRIES = 45;
/** Pages of a selection that is larger than a checkpoint: each is a waitForCondition and the check that succeeds. */
const SELECTION_PAGES = 20;

/**
 * The execution itself, its start, its selection, the map of its targets or parts, and the event of a selection in which no cluster
 * can have a snapshot.
 */
const OWN_OPERATIONS = 1 + 1 + SELECTION_TRIES + 2 * SELECTION_PAGES + 1 + TARGET_OPERATIONS;

/** Tries to read what a part that AWS ended has published, and to publish its other targets as lost. */
export const READ_PART_TRIES = 12;
export const PUBLISH_LOST_TRIES = 18;

/** The chained invocation; and if AWS ends it, two waitForConditions with their checks. */
const PART_OPERATIONS = 1 + 1 + READ_PART_TRIES + 1 + PUBLISH_LOST_TRIES;

/** What an execution of a run uses at the very most. */
export const WORST_CASE_OPERATIONS = {
	target: TARGET_OPERATIONS,
	/** Of a target, for invocations that Lambda repeats. */
	invocationRetries: INVOCATION_RETRIES,
	/** Apart from its targets. */
	own: OWN_OPERATIONS,
	part: PART_OPERATIONS,
} as const;

const capacity = (each: number): number => Math.floor((OPERATIONS_PER_EXECUTION - OWN_OPERATIONS) / each);

/** Targets of one durable execution: as many as can all have their worst three days. */
export const TARGETS_PER_EXECUTION = capacity(TARGET_OPERATIONS);

/** Parts that one durable execution can chain, should AWS end them all. */
export const PARTS_PER_EXECUTION = capacity(PART_OPERATIONS);

/** Steps that count what they use, the same at every replay. */
export interface CountedSteps extends DurableSteps {
	/** Durable operations that this target may still use. */
	operationsLeft(): number;
	/**
	 * The least pause, in seconds, that keeps the target within its operations until the hard limit.
	 *
	 * @param elapsedSeconds since the run began
	 * @param operationsEach that a pause takes along with what follows it
	 * @param kept operations that are not for pauses
	 */
	leastPause(elapsedSeconds: number, operationsEach: number, kept?: number): number;
}

/** @param minutes from the run's start to the last moment that is waited for */
export function countOperations(steps: DurableSteps, minutes = HARD_LIMIT_MINUTES): CountedSteps {
	let used = 0;
	const operationsLeft = () => TARGET_OPERATIONS - INVOCATION_RETRIES - used;
	return {
		operationsLeft,
		leastPause: (elapsedSeconds, operationsEach, kept = 0) =>
			leastPauseSeconds({
				elapsedSeconds,
				lastSeconds: minutes * 60,
				pausesLeft: (operationsLeft() - KEPT_FOR_THE_END - kept) / operationsEach,
			}),
		executionStartedAt: steps.executionStartedAt,
		warn: steps.warn,
		step(name, work) {
			used += 1;
			return steps.step(name, work);
		},
		once(name, work) {
			used += 1;
			return steps.once(name, work);
		},
		insist(name, work, pauseAfter) {
			// Nothing comes after it that would have to be counted.
			used += 1;
			return steps.insist(name, work, pauseAfter);
		},
		sleep(name, seconds) {
			used += 1;
			return steps.sleep(name, seconds);
		},
		async until(name, initial, check, next) {
			used += 1;
			const before = used;
			// The number of checks is a part of the state: a replay that finds the wait ended makes none.
			const last = await steps.until(
				name,
				{ checks: 0, state: initial },
				async ({ checks, state }) => {
					used = before + checks;
					return { checks: checks + 1, state: await check(state) };
				},
				({ checks, state }) => {
					used = before + checks;
					return next(state);
				},
			);
			used = before + last.checks;
			return last.state;
		},
	};
}
