import { InputError } from "../../lambda/domain/errors.ts";
import { type Firings, firingsOf } from "./firings.ts";
import { expressionFault } from "./schedule-expression.ts";
import { isTimeZone } from "./time-zone.ts";

const MUST_FIRE = "must fire at least twice from this year on";
/** Firings that may be missed before an alarm tells. */
const MOST_MISSED = 3;

/** What decides how often a schedule's snapshots are expected. */
export interface Timing {
	readonly expression: string;
	readonly timeZone: string;
	/** From one snapshot to the next, where the user says so. */
	readonly expectedEveryMinutes?: number | undefined;
}

/**
 * What is wrong with how often a schedule's snapshots are expected, by the names of its settings. A schedule that has
 * a fault of its own is passed over.
 *
 * @param now epoch milliseconds
 */
export function expectationFaults(
	timing: Timing,
	now = Date.now(),
): { readonly field: string; readonly detail: string }[] {
	const { expression, timeZone, expectedEveryMinutes: given } = timing;
	if (expressionFault(expression) !== undefined || !isTimeZone(timeZone)) return [];
	const firings = firingsOf(expression, timeZone, now);
	if (firings === undefined) return [{ field: "expression", detail: MUST_FIRE }];
	if (given === undefined) return [];
	const least = firings.longestByTheClock;
	const most = MOST_MISSED * firings.longestGap;
	const field = "expectedEveryMinutes";
	if (given < least) return [{ field, detail: `must be ${least} or more, the longest time between two firings` }];
	if (given > most) {
		return [{ field, detail: `must be ${most} or less: the alarm would miss more than ${MOST_MISSED} firings` }];
	}
	return [];
}

/** Minutes from one snapshot to the next: as given, or the longest time between two firings. */
export const expectedEvery = (timing: Timing, now = Date.now()): number =>
	timing.expectedEveryMinutes ?? firings(timing, now).longestGap;

/** What a reader of the settings should know of a schedule that is not wrong, a sentence each. */
export function expectationWarnings(timing: Timing, now = Date.now()): string[] {
	const { longestGap, skippedOn } = firings(timing, now);
	const given = timing.expectedEveryMinutes;
	return [
		...(skippedOn === undefined
			? []
			: [
					`expression names a time that daylight saving skips in ${timing.timeZone} (on ${skippedOn}): no snapshot that night`,
				]),
		...(given !== undefined && skippedOn === undefined && given < longestGap
			? [
					`expectedEveryMinutes ${given} is less than the ${longestGap} minutes between two firings when the clock is put back: leave it out`,
				]
			: []),
	];
}

const firings = (timing: Timing, now: number): Firings => {
	const found = firingsOf(timing.expression, timing.timeZone, now);
	if (found !== undefined) return found;
	throw new InputError("CONFIG_INVALID", "schedule", [{ pointer: "/expression", detail: MUST_FIRE }]);
};
