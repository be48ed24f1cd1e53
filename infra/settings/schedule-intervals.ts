import { Cron } from "croner";
import { LocalClock } from "./time-zone.ts";

/** Times between two firings of a schedule, in minutes. */
export interface ScheduleIntervals {
	/** The longest, daylight saving included. */
	readonly longest: number;
	/** The longest in local time. */
	readonly longestLocal: number;
	/** The date of a firing that is skipped, where this makes an interval longer than any other in local time. */
	readonly skippedOn?: string | undefined;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Long enough for three leap years, and for a fifth Monday in every month. */
const YEARS = 12;

const UNITS: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 24 * 60 };

/**
 * Computes the times between the firings of an expression.
 *
 * @param expression one without a fault, as `expressionFault` finds them
 * @param now epoch milliseconds; the computation begins with its year
 * @returns `undefined` where it does not fire twice
 * @see EventBridge Scheduler user guide, "Daylight savings time": a time that the clock skips is skipped, one that comes
 * twice fires once
 */
export function scheduleIntervals(expression: string, timeZone: string, now: number): ScheduleIntervals | undefined {
	const from = Date.UTC(new Date(now).getUTCFullYear(), 0, 1);
	const key = [expression, timeZone, from].join();
	if (!cache.has(key)) cache.set(key, compute(expression, timeZone, from));
	return cache.get(key);
}

/** Faults, warnings and alarms all need it, and computing takes a fifth of a second. */
const cache = new Map<string, ScheduleIntervals | undefined>();

function compute(expression: string, timeZone: string, from: number): ScheduleIntervals | undefined {
	const [, value, unit] = /^rate\((\d+) (\w+?)s?\)$/.exec(expression) ?? [];
	if (unit !== undefined) {
		const minutes = Number(value) * (UNITS[unit] ?? Number.NaN);
		return { longest: minutes, longestLocal: minutes };
	}
	const plan = planOf(expression, from);
	const local = longestInterval(plan, new LocalClock("Etc/UTC", from, from));
	const real = longestInterval(plan, new LocalClock(timeZone, from, from + YEARS * 366 * DAY), local?.longest);
	if (local === undefined || real === undefined) return undefined;
	return { longest: real.longest, longestLocal: local.longest, skippedOn: real.skippedOn };
}

/** Most schedules fire on all days, or at the same time, so that twelve years of days are computed once. */
const datesByPattern = new Map<string, readonly number[]>();

/** When a cron expression fires in local time: on which days (as of UTC) and at which times of each (milliseconds). */
interface Plan {
	readonly days: readonly number[];
	readonly times: readonly number[];
}

function planOf(expression: string, from: number): Plan {
	const [minutes, hours, dayOfMonth, month, dayOfWeek = "", year] = expression.slice(5, -1).trim().split(/ +/);
	// AWS writes the last Friday 6L and Saturday L; the library writes 6#L and 7.
	const days = dayOfWeek.replaceAll(/(\w)L\b/g, "$1#L").replace(/^L$/, "7");
	return {
		days: firesFrom(`0 0 0 ${dayOfMonth} ${month} ${days} ${year}`, from, YEARS * 366 * DAY),
		times: firesFrom(`0 ${minutes} ${hours} * * ? *`, from, DAY).map((time) => time - from),
	};
}

function firesFrom(pattern: string, from: number, duration: number): readonly number[] {
	const key = [pattern, from].join();
	const seen = datesByPattern.get(key);
	if (seen) return seen;
	const cron = new Cron(pattern, {
		mode: "7-part",
		timezone: "Etc/UTC",
		alternativeWeekdays: true,
		sloppyRanges: true,
		domAndDow: true,
	});
	const fires: number[] = [];
	for (let next = cron.nextRun(new Date(from - 1000)); next !== null; next = cron.nextRun(next)) {
		if (next.getTime() >= from + duration) break;
		fires.push(next.getTime());
	}
	datesByPattern.set(key, fires);
	return fires;
}

/** @param ordinary minutes; a skipped firing is reported only if it makes a longer interval */
function longestInterval({ days, times }: Plan, clock: LocalClock, ordinary = 0) {
	const changes = new Set(clock.changes());
	const withinDay = Math.max(0, ...times.slice(1).map((time, index) => time - (times[index] ?? 0)));
	let longest = 0;
	let last: number | undefined;
	let skipped: number | undefined;
	let skippedOn: string | undefined;
	const addFiring = (shown: number) => {
		const moment = clock.momentOf(shown);
		if (moment === undefined) {
			skipped ??= shown;
			return;
		}
		const gap = last === undefined ? 0 : moment - last;
		longest = Math.max(longest, gap);
		if (skipped !== undefined && gap > ordinary * MINUTE) {
			skippedOn ??= new Date(skipped).toISOString().slice(0, 10);
		}
		last = moment;
		skipped = undefined;
	};
	for (const day of days) {
		if (changes.has(day)) for (const time of times) addFiring(day + time);
		else {
			addFiring(day + (times[0] ?? 0));
			longest = Math.max(longest, withinDay);
			last = clock.momentOf(day + (times.at(-1) ?? 0)) ?? last;
		}
	}
	return longest === 0 ? undefined : { longest: longest / MINUTE, skippedOn };
}
