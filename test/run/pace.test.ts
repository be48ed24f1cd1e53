import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backOff, pause } from "../../lambda/run/pace.ts";

/** Looks at a snapshot that lasts so many seconds. */
function followFor(duration: number, seed: string, firstPollSeconds = 15) {
	let elapsedSeconds = 0;
	let looks = 0;
	while (elapsedSeconds < duration) {
		elapsedSeconds += pause({ elapsedSeconds, firstPollSeconds, seed: `${seed}/${looks}` });
		looks++;
	}
	return { looks, delay: elapsedSeconds - duration };
}

describe("the pace", () => {
	test("the end is noticed within a tenth of the snapshot's own duration, or 15 seconds", () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 3 * 86_400 }), fc.string(), (duration, seed) => {
				expect(followFor(duration, seed).delay).toBeLessThanOrEqual(Math.max(15, duration / 10));
			}),
			{ numRuns: 2000 },
		);
	});

	test("an hour costs at most 45 looks and a day under 80, whatever the jitter", () => {
		const seeds = Array.from({ length: 500 }, (_, i) => `seed-${i}`);

		expect(Math.max(...seeds.map((seed) => followFor(3600, seed).looks))).toBeLessThanOrEqual(45);
		expect(Math.max(...seeds.map((seed) => followFor(86_400, seed).looks))).toBeLessThan(80);
	});

	test("never undercuts Retry-After, never falls below the first wait, and is whole seconds", () => {
		fc.assert(
			fc.property(
				fc.double({ min: 0, max: 3e5, noNaN: true }),
				fc.integer({ min: 1, max: 900 }),
				fc.double({ min: 0, max: 3600, noNaN: true }),
				fc.string(),
				(elapsedSeconds, firstPollSeconds, retryAfterSeconds, seed) => {
					const seconds = pause({ elapsedSeconds, firstPollSeconds, retryAfterSeconds, seed });
					expect(Number.isInteger(seconds)).toBe(true);
					expect(seconds).toBeGreaterThanOrEqual(Math.max(1, firstPollSeconds, retryAfterSeconds));
				},
			),
		);
	});

	test("targets of one run do not look in step", () => {
		const pauses = Array.from({ length: 100 }, (_, i) =>
			pause({ elapsedSeconds: 20_000, firstPollSeconds: 15, seed: `target-${i}` }),
		);

		expect(new Set(pauses).size).toBeGreaterThan(30);
	});
});

describe("the back-off", () => {
	test("10, 20, 40 … up to 5 minutes, and up to a quarter more", () => {
		const base = [10, 20, 40, 80, 160, 300, 300];
		for (const [index, seconds] of base.entries()) {
			const waited = backOff(index + 1, `seed-${index}`);
			expect(waited).toBeGreaterThanOrEqual(seconds);
			expect(waited).toBeLessThanOrEqual(Math.ceil(seconds * 1.25));
		}
	});

	test("honours Retry-After in full", () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 20 }), fc.string(), fc.nat(3600), (attempt, seed, after) => {
				expect(backOff(attempt, seed, after)).toBeGreaterThanOrEqual(after);
			}),
		);
	});
});
