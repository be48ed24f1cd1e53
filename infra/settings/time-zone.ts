/** A stretch of time over which a zone's distance from UTC stays the same: epoch milliseconds, and minutes. */
interface Stretch {
	readonly from: number;
	readonly to: number;
	readonly offsetMinutes: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Whether this is an IANA time zone; without the tables of daylight saving a night's schedule drifts by an hour. */
export function isTimeZone(name: string): boolean {
	try {
		return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
	} catch {
		return false;
	}
}

/** The clock of a time zone between two moments, from Node's own tables. */
export class LocalClock {
	readonly #stretches: readonly Stretch[];

	/** @param from epoch milliseconds, as `to` */
	constructor(timeZone: string, from: number, to: number) {
		const offsetAt = offsetsOf(timeZone);
		const stretches: Stretch[] = [];
		let begin = from;
		for (let day = from; day < to; day += DAY) {
			if (offsetAt(day) === offsetAt(day + DAY)) continue;
			const change = firstChange(offsetAt, day, day + DAY);
			stretches.push({ from: begin, to: change, offsetMinutes: offsetAt(day) });
			begin = change;
		}
		this.#stretches = [...stretches, { from: begin, to: Number.POSITIVE_INFINITY, offsetMinutes: offsetAt(begin) }];
	}

	/** The days of a change of the clock and those before, as epoch milliseconds of their beginning as if in UTC. */
	readonly changes = (): readonly number[] =>
		this.#stretches.slice(1).flatMap(({ from, offsetMinutes }) => {
			const day = Math.floor((from + offsetMinutes * MINUTE) / DAY) * DAY;
			return [day - DAY, day];
		});

	/**
	 * The moment at which the clock shows a time: the first one where it shows it twice, `undefined` where the clock is
	 * put forward past it.
	 *
	 * @param shown the time on the clock, as epoch milliseconds were it UTC
	 */
	momentOf(shown: number): number | undefined {
		for (const { from, to, offsetMinutes } of this.#stretches) {
			const moment = shown - offsetMinutes * MINUTE;
			if (moment >= from && moment < to) return moment;
		}
		return undefined;
	}
}

/** @returns minutes east of UTC at a moment */
function offsetsOf(timeZone: string): (moment: number) => number {
	const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset", hour: "numeric" });
	return (moment) => {
		const name = format.formatToParts(moment).find(({ type }) => type === "timeZoneName")?.value ?? "";
		const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
		return sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
	};
}

/** The first whole minute with another offset, between two moments that have different ones. */
function firstChange(offsetAt: (moment: number) => number, from: number, to: number): number {
	let [before, after] = [from, to];
	while (after - before > MINUTE) {
		const middle = before + Math.floor((after - before) / MINUTE / 2) * MINUTE;
		if (offsetAt(middle) === offsetAt(from)) before = middle;
		else after = middle;
	}
	return after;
}
