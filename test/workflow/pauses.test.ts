import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	backOffSeconds,
	cutSeconds,
	jitterSeed,
	learnedPauseSeconds,
	leastPauseSeconds,
	pollPauseSeconds,
	publishPauseSeconds,
} from "../../lambda/workflow/pauses.ts";

/** Looks at a snapshot that lasts so many seconds. */
function followFor(duration: number, seed: string, firstPollSeconds = 15) {
	let elapsedSeconds = 0;
	let looks = 0;
	while (elapsedSeconds < duration) {
		elapsedSeconds += pollPauseSeconds({ elapsedSeconds, firstPollSeconds, seed: `${seed}/${looks}` });
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
					const seconds = pollPauseSeconds({ elapsedSeconds, firstPollSeconds, retryAfterSeconds, seed });
					expect(Number.isInteger(seconds)).toBe(true);
					expect(seconds).toBeGreaterThanOrEqual(Math.max(1, firstPollSeconds, retryAfterSeconds));
				},
			),
		);
	});

	test("targets of one run do not look in step", () => {
		const pauses = Array.from({ length: 100 }, (_, i) =>
			pollPauseSeconds({ elapsedSeconds: 20_000, firstPollSeconds: 15, seed: `target-${i}` }),
		);

		expect(new Set(pauses).size).toBeGreaterThan(30);
	});
});

describe("the back-off", () => {
	test("10, 20, 40 … up to half an hour, and up to a quarter more", () => {
		const base = [10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800];
		for (const [index, seconds] of base.entries()) {
			const waited = backOffSeconds(index + 1, `seed-${index}`);
			expect(waited).toBeGreaterThanOrEqual(seconds);
			expect(waited).toBeLessThanOrEqual(Math.ceil(seconds * 1.25));
		}
	});

	test("honours Retry-After in full, and backs off further where Atlas asks for little", () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 20 }), fc.string(), fc.nat(400_000), (attempt, seed, after) => {
				expect(backOffSeconds(attempt, seed, after)).toBeGreaterThanOrEqual(
					Math.max(after, backOffSeconds(attempt, seed)),
				);
			}),
		);
	});

	test("never waits longer than AWS takes", () => {
		expect(backOffSeconds(3, "seed", 1e12)).toBe(31_622_400);
		expect(pollPauseSeconds({ elapsedSeconds: 1, firstPollSeconds: 15, seed: "seed", retryAfterSeconds: 1e12 })).toBe(
			31_622_400,
		);
	});

	test("three days of failures, a second after another, take at most 45 tries", () => {
		let elapsed = 0;
		let tries = 0;
		while (elapsed < 3 * 86_400) elapsed += 1 + backOffSeconds(++tries, "seed", 1, elapsed);
		expect(tries).toBeLessThanOrEqual(45);
	});
});

describe("the least pause", () => {
	const lastSeconds = 3 * 86_400;

	test("reaches the last moment with the pauses that are left, whatever is waited for besides", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 110 }),
				fc.double({ min: 0, max: lastSeconds, noNaN: true }),
				fc.infiniteStream(fc.integer({ min: 0, max: 7200 })),
				(pauses, begun, wishes) => {
					let elapsedSeconds = begun;
					for (let pausesLeft = pauses; pausesLeft > 0; pausesLeft--) {
						const wish = wishes.next().value ?? 0;
						elapsedSeconds += Math.max(wish, leastPauseSeconds({ elapsedSeconds, lastSeconds, pausesLeft }));
					}
					expect(elapsedSeconds).toBeGreaterThanOrEqual(lastSeconds);
				},
			),
		);
	});

	test("is nothing while many are left, so that a snapshot of three days is polled at its pace", () => {
		expect(leastPauseSeconds({ elapsedSeconds: 15, lastSeconds, pausesLeft: 90 })).toBe(0);
		expect(leastPauseSeconds({ elapsedSeconds: 86_400, lastSeconds, pausesLeft: 12 })).toBe(0);
	});
});

describe("pauses of an event that the bus did not take", () => {
	test("grow, and the tries reach to the end", () => {
		const pauses = Array.from({ length: 9 }, (_, index) => publishPauseSeconds(index + 1, 10, 86_400));
		const total = pauses.reduce<number>((sum, pause) => sum + Number(pause), 0);

		expect(pauses).toEqual([3, 9, 32, 113, 397, 1402, 4957, 17_525, 61_966]);
		expect(total).toBeGreaterThanOrEqual(86_399);
		expect(total).toBeLessThanOrEqual(86_410);
	});

	test.each([10, 11])("end after the last try: %i of 10", (tries) => {
		expect(publishPauseSeconds(tries, 10, 86_400)).toBe("stop");
	});
});

test.each([
	[10, 20, 10],
	[20, 10, 10],
	[20, 9.2, 10],
	[20, 0, 1],
	[20, -5, 1],
])("a pause of %d s, with %d s left, is cut to %i s", (seconds, left, expected) => {
	expect(cutSeconds(seconds, left)).toBe(expected);
});

describe("the pause before a predicted end", () => {
	const expectation = { seconds: 1000, spread: 0.1 };

	test.each([
		["never exceeds the time gone by", 1, 1, 1],
		["never exceeds the time gone by", 100, 100, 100],
		["is long far before the end, where the earlier ones agree", 400, 400, 90],
		["grows short towards it", 600, 290, 70],
		["grows short towards it", 800, 110, 60],
		["is short around it", 1000, 40, 60],
		["stays short after it", 1200, 35, 65],
	])("%s: after %i s of 1000 it is %i s, and %i s where they differ", (_, elapsed, agreed, differing) => {
		expect(learnedPauseSeconds(elapsed, expectation)).toBe(agreed);
		expect(learnedPauseSeconds(elapsed, { ...expectation, spread: 0.5 })).toBe(differing);
	});

	test("is none once the end is three spreads late", () => {
		const last = 1000 * Math.exp(0.3);

		expect(learnedPauseSeconds(last - 0.001, expectation)).toBeGreaterThan(0);
		expect(learnedPauseSeconds(last + 0.001, expectation)).toBeUndefined();
	});
});

test("a replay waits as long as before, whatever version of the code it meets: the jitter of a seed is fixed", () => {
	const snapshot = { id: "68fadc400000000000000000" };
	const poll = { elapsedSeconds: 10_000, firstPollSeconds: 15 };

	expect(jitterSeed(snapshot, 7)).toBe("68fadc400000000000000000/7");
	expect(pollPauseSeconds({ ...poll, seed: "a/1" })).toBe(989);
	expect(pollPauseSeconds({ ...poll, seed: "b/1" })).toBe(990);
	expect(backOffSeconds(5, "a")).toBe(165);
	expect(backOffSeconds(9, "a", 0, 100_000)).toBe(10_259);
	expect(backOffSeconds(1, "a", 0, 1e6)).toBe(11);
});
