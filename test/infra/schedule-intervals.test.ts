import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectedIntervalFaults, expectedIntervalWarnings } from "../../infra/settings/expected-interval.ts";
import { expressionFault } from "../../infra/settings/schedule-expression.ts";
import { scheduleIntervals } from "../../infra/settings/schedule-intervals.ts";

const NOW = Date.UTC(2026, 10, 25);
const DAY = 24 * 60;
const MINUTE = 60_000;

describe("the longest time between two firings", () => {
	// Counted by hand on the calendars of 2026 to 2037.
	test.each([
		["rate(15 minutes)", "Europe/Berlin", 15],
		["rate(7 days)", "Europe/Berlin", 7 * DAY],
		["cron(0 2 * * ? *)", "Etc/UTC", DAY],
		["cron(0/15 * * * ? *)", "Etc/UTC", 15],
		["cron(10 22 ? * MON-FRI *)", "Asia/Tokyo", 3 * DAY],
		["cron(0 9 L * ? *)", "Asia/Tokyo", 31 * DAY],
		["cron(0 9 1W * ? *)", "Etc/UTC", 33 * DAY],
		["cron(0 9 ? * 6L *)", "Etc/UTC", 35 * DAY],
		["cron(0 9 ? * L *)", "Etc/UTC", 7 * DAY],
		["cron(0 9 ? * 2#1 *)", "Etc/UTC", 35 * DAY],
		["cron(0 9 29 2 ? *)", "Etc/UTC", (3 * 365 + 366) * DAY],
		["cron(0 2,14 * * ? *)", "Etc/UTC", 12 * 60],
		["cron(0 0-6 * * ? *)", "Etc/UTC", 18 * 60],
		["cron(0 2 * * ? 2027-2028)", "Etc/UTC", DAY],
	])("of %s in %s is %i minutes", (expression, timeZone, minutes) => {
		expect(scheduleIntervals(expression, timeZone, NOW)?.longest).toBe(minutes);
	});

	test.each([
		["is an hour longer in the night the clock is put back", "cron(30 4 * * ? *)", "Europe/Berlin", 25 * 60],
		["holds the skipped night", "cron(30 2 * * ? *)", "Europe/Berlin", 47 * 60],
		["holds the skipped midnight", "cron(0 0 * * ? *)", "America/Havana", 47 * 60],
		["holds the skipped half hour", "cron(15 2 * * ? *)", "Australia/Lord_Howe", 47 * 60 + 30],
		["is two hours where an hour comes twice, since it fires once", "cron(0 * * * ? *)", "Europe/Berlin", 2 * 60],
	])("%s: %s in %s", (_promise, expression, timeZone, minutes) => {
		const firings = scheduleIntervals(expression, timeZone, NOW);

		expect(firings?.longest).toBe(minutes);
		expect(firings?.longestLocal).toBeLessThanOrEqual(DAY);
	});

	test("is what the clock of Node shows, minute by minute, for any time of the day in any of these zones", () => {
		const zones = [
			"Europe/Berlin",
			"America/New_York",
			"America/Havana",
			"Australia/Lord_Howe",
			"Asia/Kathmandu",
			"Africa/Cairo",
		];
		fc.assert(
			fc.property(fc.constantFrom(...zones), fc.nat(23), fc.nat(59), (timeZone, hour, minute) => {
				const longest = scheduleIntervals(`cron(${minute} ${hour} * * ? *)`, timeZone, NOW)?.longest ?? 0;
				const seen = longestSeen(timeZone, hour, minute);

				// Two years may hold fewer rules than twelve, never more.
				expect(seen).toBeLessThanOrEqual(longest);
				expect(longest - seen).toBeLessThanOrEqual(timeZone === "Africa/Cairo" ? 60 : 0);
			}),
			{ numRuns: 6 },
		);
	});

	test.each([["cron(0 2 * * ? 2020)"], ["cron(0 2 1 1 ? 2030)"]])("of %s there is none", (expression) => {
		expect(scheduleIntervals(expression, "Etc/UTC", NOW)).toBeUndefined();
		expect(faultsOf(expression)).toEqual(["expression must fire at least twice from this year on"]);
	});

	test("whatever expression is without fault can be read", () => {
		const field = (values: readonly string[]) =>
			fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }).map((terms) => terms.join(","));
		fc.assert(
			fc.property(
				field(["0", "59", "5-10", "0/15", "*/20", "*", "7-50/9"]),
				field(["0", "23", "1-5", "*", "2/4", "*/6"]),
				fc.constantFrom("*", "?", "L", "LW", "1W", "31W", "1,15", "1/5", "28-31", "30"),
				field(["*", "1", "FEB", "feb", "2-6", "JAN-MAR", "1/3", "NOV/1"]),
				fc.constantFrom("*", "?", "L", "6L", "FRIL", "2#5", "MON#1", "MON-FRI", "1,7", "SUN,tue", "2-6/2", "1/3"),
				fc.constantFrom("*", "2026-2030", "2027", "2026/2", "2028,2032"),
				(...fields) => {
					const expression = `cron(${fields.join(" ")})`;
					fc.pre(expressionFault(expression) === undefined);

					expect(() => scheduleIntervals(expression, "Europe/Berlin", NOW)).not.toThrow();
				},
			),
			{ numRuns: 60 },
		);
	});
});

/** By another way: every minute of two years, as Intl shows it, the first of each date. */
function longestSeen(timeZone: string, hour: number, minute: number): number {
	const format = new Intl.DateTimeFormat("en-GB", {
		timeZone,
		dateStyle: "short",
		timeStyle: "short",
		hourCycle: "h23",
	});
	const wanted = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
	const seen = new Map<string, number>();
	for (let half = Date.UTC(2026, 0, 1); half < Date.UTC(2028, 0, 1); half += 30 * MINUTE) {
		// Offsets are whole quarters of an hour: within half an hour the minute falls on a known place, or the one beside it.
		for (const at of [half + (minute % 15) * MINUTE, half + ((minute % 15) + 15) * MINUTE]) {
			const [date = "", time] = format.format(at).split(", ");
			if (time === wanted && !seen.has(date)) seen.set(date, at);
		}
	}
	const moments = [...seen.values()];
	return Math.max(...moments.slice(1).map((at, index) => (at - (moments[index] ?? 0)) / MINUTE));
}

const faultsOf = (expression: string, expectedEveryMinutes?: number, timeZone = "Etc/UTC") =>
	expectedIntervalFaults({ expression, timeZone, expectedEveryMinutes }, NOW).map(
		({ field, detail }) => `${field} ${detail}`,
	);

describe("an expectation", () => {
	test.each([
		["rate(1 day)", DAY],
		["cron(0 2 * * ? *)", DAY],
		["cron(0 2 * * ? *)", 3 * DAY],
		["cron(0 2 ? * MON-FRI *)", 3 * DAY],
		["rate(1 hour)", 60],
	])("%s every %i minutes can be met", (expression, minutes) => {
		expect(faultsOf(expression, minutes)).toEqual([]);
	});

	test.each([
		["rate(1 day)", DAY - 1, `must be ${DAY} or more, the longest time between two firings`],
		["cron(0 2 ? * MON-FRI *)", DAY, `must be ${3 * DAY} or more, the longest time between two firings`],
		["rate(1 hour)", DAY, "must be 180 or less: the alarm would miss more than 3 firings"],
		["cron(0 2 * * ? *)", 7 * DAY, `must be ${3 * DAY} or less: the alarm would miss more than 3 firings`],
	])("%s every %i minutes is refused", (expression, minutes, detail) => {
		expect(faultsOf(expression, minutes)).toEqual([`expectedEveryMinutes ${detail}`]);
	});

	const warningsOf = (expression: string, timeZone: string, expectedEveryMinutes?: number) =>
		expectedIntervalWarnings({ expression, timeZone, expectedEveryMinutes }, NOW);

	test("a firing that daylight saving skips is warned about, where no other comes soon", () => {
		expect(warningsOf("cron(30 2 * * ? *)", "Europe/Berlin")).toEqual([
			"expression names a time that daylight saving skips in Europe/Berlin (on 2026-03-29): no snapshot that night",
		]);
		expect(warningsOf("cron(30 2 ? * SUN *)", "America/New_York")).toHaveLength(1);
		for (const [expression, zone] of [
			["cron(30 2 * * ? *)", "Etc/UTC"],
			["cron(30 4 * * ? *)", "Europe/Berlin"],
			["cron(30 2 ? * MON *)", "Europe/Berlin"],
			["cron(0 * * * ? *)", "Europe/Berlin"],
			["rate(1 day)", "Europe/Berlin"],
		] as const) {
			expect(warningsOf(expression, zone)).toEqual([]);
		}
	});

	test("a given expectation that one night a year cannot meet is warned about", () => {
		expect(warningsOf("cron(30 4 * * ? *)", "Europe/Berlin", DAY)).toEqual([
			"expectedEveryMinutes 1440 is less than the 1500 minutes between two firings when the clock is put back: leave it out",
		]);
	});
});
