import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ExpectedDuration } from "../../lambda/domain/expectation.ts";
import { learnedPauseSeconds, pollPauseSeconds } from "../../lambda/workflow/pauses.ts";
import { followFor } from "../../local/bench/follow.ts";
import { HISTORIES, type History, mean } from "../../local/bench/learned.ts";

const HOUR = 3600;
const expectations: fc.Arbitrary<ExpectedDuration> = fc.record({
	seconds: fc.integer({ min: 1, max: 86_399 }),
	spread: fc.double({ min: 0.04, max: 1.4, noNaN: true }),
});

describe("the pace towards an expected end", () => {
	test("no pause is longer than the time gone by, and none is endless or nothing", () => {
		fc.assert(
			fc.property(fc.double({ min: 0.1, max: 3e5, noNaN: true }), expectations, (elapsed, expectation) => {
				const seconds = learnedPauseSeconds(elapsed, expectation) ?? elapsed / 10;

				expect(seconds).toBeGreaterThan(0);
				expect(seconds).toBeLessThanOrEqual(elapsed);
			}),
		);
	});

	test("never undercuts Retry-After nor the first pause, and is whole seconds", () => {
		fc.assert(
			fc.property(
				fc.double({ min: 0, max: 3e5, noNaN: true }),
				fc.integer({ min: 1, max: 900 }),
				fc.double({ min: 0, max: 3600, noNaN: true }),
				expectations,
				(elapsedSeconds, firstPollSeconds, retryAfterSeconds, expectation) => {
					const seconds = pollPauseSeconds({
						elapsedSeconds,
						firstPollSeconds,
						retryAfterSeconds,
						expectation,
						seed: "x",
					});

					expect(Number.isInteger(seconds)).toBe(true);
					expect(seconds).toBeGreaterThanOrEqual(Math.max(1, firstPollSeconds, retryAfterSeconds));
				},
			),
		);
	});

	test("whatever was expected, an end is noticed within the snapshot's own duration again", async () => {
		await fc.assert(
			fc.asyncProperty(fc.integer({ min: 15, max: 86_400 }), expectations, async (seconds, expectation) => {
				const { delayShare } = await followFor(seconds, "0".repeat(24), expectation);

				expect(delayShare).toBeLessThanOrEqual(1);
			}),
			{ numRuns: 500 },
		);
	});

	test("an end well past the expected one is noticed within a tenth, as without a prediction", async () => {
		const { delayShare } = await followFor(4 * HOUR, "0".repeat(24), { seconds: HOUR, spread: 0.1 });

		expect(delayShare).toBeLessThanOrEqual(0.1);
	});

	test("around the expected end pauses are short, before it few", () => {
		const expectation = { seconds: HOUR, spread: 0.1 };

		expect(learnedPauseSeconds(900, expectation)).toBe(900);
		expect(learnedPauseSeconds(HOUR, expectation)).toBeLessThan(HOUR / 10);
		expect(learnedPauseSeconds(2 * HOUR, expectation)).toBeUndefined();
	});
});

type Figures = readonly [what: string, usual: number, History, earlier: number, polls: number, delayShare: number];
const MEANS: readonly Figures[] = [
	["an hour, 5 %", HOUR, HISTORIES.spread5, 10, 11, 0.027],
	["an hour, 20 %", HOUR, HISTORIES.spread20, 10, 15.6, 0.033],
	["20 minutes, 20 %", HOUR / 3, HISTORIES.spread20, 10, 14, 0.033],
	["an hour, 50 %", HOUR, HISTORIES.spread50, 10, 20, 0.05],
	...[3, 4, 5, 6, 7, 8, 9].flatMap((earlier): Figures[] => [
		["an hour, 5 %", HOUR, HISTORIES.spread5, earlier, 12, 0.027],
		["an hour, 20 %", HOUR, HISTORIES.spread20, earlier, 16.5, 0.04],
		["an hour, 50 %", HOUR, HISTORIES.spread50, earlier, 22, 0.06],
	]),
];

test.each(MEANS)(
	"%s, %#: few polls and little delay, as means over histories and durations",
	async (_what, usual, history, earlier, polls, delayShare) => {
		const noticed = await mean(usual, history, 2000, earlier);

		expect(noticed.polls).toBeLessThanOrEqual(polls);
		expect(noticed.delayShare).toBeLessThanOrEqual(delayShare);
	},
);
