import fc from "fast-check";
import { expect, test } from "vitest";
import { expressionFault } from "../../infra/settings/schedule-expression.ts";
import { isTimeZone } from "../../infra/settings/time-zone.ts";

// From the EventBridge Scheduler user guide, "Schedule types", and the EventBridge user guide, "Cron expressions".
test.each([
	["rate(1 hour)"],
	["rate(5 minutes)"],
	["rate(7 days)"],
	["cron(15 10 * * ? *)"],
	["cron(0 18 ? * MON-FRI *)"],
	["cron(0/15 * * * ? *)"],
	["cron(0 8 1 * ? *)"],
	["cron(0/5 8-17 ? * MON-FRI *)"],
	["cron(0 9 ? * 2#1 *)"],
	["cron(15 12 L * ? *)"],
	["cron(0 9 3W * ? *)"],
	["cron(0 10 ? * 6L 2026-2030)"],
	["cron(0 0 29 FEB ? 2028)"],
	["cron(0 0 1,15 JAN,jul ? *)"],
	["cron(30 0 30 2,3 ? *)"],
])("%s fires", (expression) => {
	expect(expressionFault(expression)).toBeUndefined();
});

test.each([
	["", "must be rate("],
	["at(2026-11-20T13:00:00)", "must be rate("],
	["0 2 * * *", "must be rate("],
	["rate(0 days)", "must have a rate of 1 or more"],
	["rate(1 days)", "must say one unit of time"],
	["rate(2 day)", "must say units of time"],
	["rate(-1 days)", "must be rate("],
	["rate(1 week)", "must be rate("],
	["cron(0 2 * * *)", "must have six cron fields"],
	["cron(0 2 * * ? * *)", "must have six cron fields"],
	["cron(60 2 * * ? *)", "must have a valid cron field for minutes"],
	["cron(0 24 * * ? *)", "must have a valid cron field for hours"],
	["cron(0 2 32 * ? *)", "must have a valid cron field for day of month"],
	["cron(0 2 0 * ? *)", "must have a valid cron field for day of month"],
	["cron(0 2 * 13 ? *)", "must have a valid cron field for month"],
	["cron(0 2 ? * FUN *)", "must have a valid cron field for day of week"],
	["cron(0 2 ? * FUNL *)", "must have a valid cron field for day of week"],
	["cron(0 2 ? * 2#6 *)", "must have a valid cron field for day of week"],
	["cron(0 2 ? * * 1969)", "must have a valid cron field for year"],
	["cron(*/0 2 * * ? *)", "must have a valid cron field for minutes"],
	["cron(0, 2 * * ? *)", "must have a valid cron field for minutes"],
	["cron(0 5-24 * * ? *)", "must have a valid cron field for hours"],
	["cron(0 2 ? * FRI-MON *)", "must have a valid cron field for day of week"],
	["cron(0/90 2 * * ? *)", "must have a valid cron field for minutes"],
	["cron(0 2 * * * *)", "must have ? as exactly one"],
	["cron(0 2 ? * ? *)", "must have ? as exactly one"],
	["cron(0 2 30 2 ? *)", "must name a day that its months have"],
	["cron(0 2 31 APR,JUN ? *)", "must name a day that its months have"],
])("%s is refused", (expression, fault) => {
	expect(expressionFault(expression)).toContain(fault);
});

test("a day, an hour and a minute of any month that has the day fire", () => {
	const moment = fc.date({
		min: new Date("2026-01-01T00:00:00Z"),
		max: new Date("2099-12-31T00:00:00Z"),
		noInvalidDate: true,
	});
	fc.assert(
		fc.property(moment, (date) => {
			const fields = [
				date.getUTCMinutes(),
				date.getUTCHours(),
				date.getUTCDate(),
				date.getUTCMonth() + 1,
				"?",
				date.getUTCFullYear(),
			];
			expect(expressionFault(`cron(${fields.join(" ")})`)).toBeUndefined();
		}),
	);
});

test("whatever comes in, the answer is a sentence or nothing, at once", () => {
	fc.assert(
		fc.property(
			fc.oneof(
				fc.string(),
				fc.string({ unit: fc.constantFrom(..."0123456789*/,-?LW# ".split("")) }).map((text) => `cron(${text})`),
			),
			(text) => {
				expect(["undefined", "string"]).toContain(typeof expressionFault(text));
			},
		),
	);
});

test.each([
	["Europe/Berlin", true],
	["Etc/UTC", true],
	["Mars/Olympus", false],
	["", false],
])("%s is a time zone: %s", (name, is) => {
	expect(isTimeZone(name)).toBe(is);
});
