import { InputError } from "../../lambda/domain/errors.ts";
import { expressionFault } from "./schedule-expression.ts";
import { type ScheduleIntervals, scheduleIntervals } from "./schedule-intervals.ts";
import { isTimeZone } from "./time-zone.ts";

const MUST_FIRE = "must fire at least twice from this year on";
/** Firings that may be missed before the alarm. */
const MOST_MISSED = 3;

/** What decides how often a schedule's snapshots are expected. */
export interface Timing {
	readonly expression: string;
	readonly timeZone: string;
	/** From one snapshot to the next, where it is set. */
	readonly expectedEveryMinutes?: number | undefined;
}

/**
 * Checks a schedule's `expectedEveryMinutes` against its expression. Returns nothing for an expression or a time zone
 * that is itself at fault.
 *
 * @param now epoch milliseconds
 */
export function expectedIntervalFaults(
	timing: Timing,
	now = Date.now(),
): { readonly field: string; readonly detail: string }[] {
	const { expression, timeZone, expectedEveryMinutes: given } = timing;
	if (expressionFault(expression) !== undefined || !isTimeZone(timeZone)) return [];
	const intervals = scheduleIntervals(expression, timeZone, now);
	if (intervals === undefined) return [{ field: "expression", detail: MUST_FIRE }];
	if (given === undefined) return [];
	const least = intervals.longestLocal;
	const most = MOST_MISSED * intervals.longest;
	const field = "expectedEveryMinutes";
	if (given < least) return [{ field, detail: `must be ${least} or more, the longest time between two firings` }];
	if (given > most) {
		return [{ field, detail: `must be ${most} or less: the alarm would miss more than ${MOST_MISSED} firings` }];
	}
	return [];
}

/** Minutes from one snapshot to the next: as given, or the longest time between two firings. */
export const expectedIntervalMinutes = (timing: Timing, now = Date.now()): number =>
	timing.expectedEveryMinutes ?? intervalsOf(timing, now).longest;

/** Warnings about a valid schedule, a sentence each. */
export function expectedIntervalWarnings(timing: Timing, now = Date.now()): string[] {
	const { longest, skippedOn } = intervalsOf(timing, now);
	const given = timing.expectedEveryMinutes;
	return [
		...(skippedOn === undefined
			? []
			: [
					`expression names a time that daylight saving skips in ${timing.timeZone} (on ${skippedOn}): no snapshot that night`,
				]),
		...(given !== undefined && skippedOn === undefined && given < longest
			? [
					`expectedEveryMinutes ${given} is less than the ${longest} minutes between two firings when the clock is put back: leave it out`,
				]
			: []),
	];
}

const intervalsOf = (timing: Timing, now: number): ScheduleIntervals => {
	const found = scheduleIntervals(timing.expression, timing.timeZone, now);
	if (found !== undefined) return found;
	throw new InputError("CONFIG_INVALID", "schedule", [{ pointer: "/expression", detail: MUST_FIRE }]);
};
