import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	durationInWords,
	durationSeconds,
	predictDuration,
	slowSnapshotWarnings,
} from "../../lambda/domain/expectation.ts";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import { completedSnapshot } from "../atlas/fixtures/recorded.ts";

const DAY = 86_400;
const REQUESTED = Date.parse("2026-08-10T02:00:00Z") / 1000;
const iso = (seconds: number) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

interface Taken {
	/** Seconds from the request. */
	readonly took: number;
	readonly cut?: number;
	/** Seconds after `REQUESTED`. */
	readonly at?: number;
	/** Seconds for which it is kept. */
	readonly kept?: number;
	readonly over?: Partial<Snapshot>;
}

/** A snapshot as Atlas lists it: while it runs kept from its request on, once completed from its end on. */
function taken({ took, cut = took * 0.6, at = 0, kept = 7 * DAY, over = {} }: Taken): Snapshot {
	const requestedAt = REQUESTED + at;
	return {
		id: `${requestedAt.toString(16)}${"a".repeat(16)}`,
		status: "completed",
		snapshotType: "onDemand",
		createdAt: iso(requestedAt + Math.floor(cut)),
		expiresAt: iso(requestedAt + took + kept),
		...over,
	};
}

const history = (
	durations: readonly number[],
	of: (took: number, at: number) => Snapshot = (took, at) => taken({ took, at }),
) => durations.map((took, index) => of(took, index * DAY));

describe("the duration of a completed snapshot", () => {
	test("of the recorded one is 159 seconds", () => {
		expect(durationSeconds(completedSnapshot)).toBe(159);
	});

	test("is found for any that is shorter than a day, whatever its retention in whole days", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: DAY - 1 }),
				fc.integer({ min: 1, max: 400 }),
				fc.double({ min: 0, max: 1, noNaN: true }),
				(took, days, part) => {
					expect(durationSeconds(taken({ took, kept: days * DAY, cut: took * part }))).toBe(took);
				},
			),
		);
	});

	test.each<[string, Taken]>([
		["it took a day or longer", { took: DAY + 3600, cut: DAY }],
		["its data was cut after the end that its retention tells", { took: 1200, cut: 900, kept: 7 * DAY - 600 }],
		["it does not say when its data was cut", { took: 1200, over: { createdAt: undefined } }],
		["its data was cut before it was asked for", { took: 1200, cut: -5 }],
		["it does not say when it expires", { took: 1200, over: { expiresAt: undefined } }],
		["its expiry is no time", { took: 1200, over: { expiresAt: "never" } }],
		["its expiry is a number", { took: 1200, over: { expiresAt: 1_790_000_000_000 } }],
		["it expires before a day has passed", { took: 1200, kept: -600 }],
	])("is unknown where %s", (_what, snapshot) => {
		expect(durationSeconds(taken(snapshot))).toBeUndefined();
	});
});

describe("the prediction", () => {
	const durations = fc.array(fc.integer({ min: 60, max: 7200 }), { minLength: 2, maxLength: 10 });
	const alike = fc.array(fc.integer({ min: 1000, max: 1500 }), { minLength: 3, maxLength: 10 });

	test("none is made of none or of one", () => {
		expect(predictDuration([])).toBeUndefined();
		expect(predictDuration(history([1200]))).toBeUndefined();
		expect(predictDuration(history([1200, 1250]))).toMatchObject({ seconds: 1225 });
	});

	test.each<[string, Partial<Snapshot>]>([
		["still runs", { status: "inProgress" }],
		["failed", { status: "failed" }],
		["was taken by the backup policy", { snapshotType: "scheduled" }],
		["is a fallback", { snapshotType: "fallback" }],
	])("a snapshot that %s is passed over", (_what, over) => {
		const other = taken({ took: 5000, at: 30 * DAY, over });

		expect(predictDuration([...history([1200, 1250]), other, other])).toEqual(predictDuration(history([1200, 1250])));
	});

	test("is the same for replica sets and sharded clusters, in whatever order Atlas lists them", () => {
		fc.assert(
			fc.property(durations, fc.infiniteStream(fc.nat()), (all, order) => {
				const sharded = history(all, (took, at) => taken({ took, at, over: { type: "shardedCluster", members: [] } }));
				const keys = new Map(sharded.map((one) => [one, order.next().value]));
				const shuffled = sharded.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));

				expect(predictDuration(shuffled)).toEqual(predictDuration(history(all)));
			}),
		);
	});

	test("only the ten newest that tell their duration count", () => {
		const old = Array.from({ length: 5 }, () => 9000);
		const spoiled = taken({ took: 1200, at: 90 * DAY, over: { createdAt: undefined } });

		expect(predictDuration([...history([...old, ...Array.from({ length: 10 }, () => 1200)]), spoiled])).toMatchObject({
			seconds: 1200,
		});
	});

	test("lies within what the earlier ones took, and does not shrink where one of them took longer", () => {
		fc.assert(
			fc.property(alike, fc.nat(9), fc.integer({ min: 0, max: 300 }), (all, index, longer) => {
				const before = predictDuration(history(all))?.seconds ?? 0;
				const after =
					predictDuration(history(all.map((took, i) => (i === index ? took + longer : took))))?.seconds ?? 0;

				expect(before).toBeGreaterThanOrEqual(Math.min(...all));
				expect(before).toBeLessThanOrEqual(Math.max(...all));
				expect(after).toBeGreaterThanOrEqual(before);
			}),
		);
	});

	test("one that took quite another time moves it no further than the others reach", () => {
		fc.assert(
			fc.property(alike, fc.integer({ min: 1, max: DAY - 1 }), fc.nat(10), (all, outlier, index) => {
				const { seconds } = predictDuration(history(all.toSpliced(index, 0, outlier))) ?? { seconds: 0 };

				expect(seconds).toBeGreaterThanOrEqual(Math.min(...all));
				expect(seconds).toBeLessThanOrEqual(Math.max(...all));
			}),
		);
	});

	test.each([2, 3, 4, 9])("one whose retention was changed to months is such an outlier, beside %i others", (count) => {
		const others = Array.from({ length: count }, (_, index) => 1180 + 10 * index);
		const months = taken({ took: 1200, at: 20 * DAY, kept: 2.5 * DAY });

		expect(predictDuration([...history(others), months])?.seconds).toBeLessThan(1261);
	});

	test("among five or more one outlier hardly widens it, and few are less certain than many", () => {
		const alike = (count: number) => Array.from({ length: count }, (_, index) => 1180 + 10 * (index % 4));
		const spread = (durations: readonly number[]) => predictDuration(history(durations))?.spread ?? Number.NaN;

		expect(spread([...alike(6), 40_000])).toBeLessThan(0.06);
		expect(spread(alike(2))).toBeGreaterThan(spread(alike(4)));
		expect(spread(alike(4))).toBeGreaterThan(spread(alike(10)));
	});

	test("none is made of earlier ones that do not agree at all", () => {
		expect(predictDuration(history([160, 37_900]))).toBeUndefined();
		expect(predictDuration(history([100, 1000, 10_000, 80_000]))).toBeUndefined();
	});

	test("is a few numbers, the same at any time", () => {
		expect(JSON.stringify(predictDuration(history([1180, 1200, 1230]))).length).toBeLessThan(40);
	});
});

test.each([
	[0, "0 seconds"],
	[89, "89 seconds"],
	[89.6, "90 seconds"],
	[90, "2 minutes"],
	[7169, "119 minutes"],
	[7170, "2 hours"],
	[9000, "2.5 hours"],
])("%d seconds are %s", (seconds, words) => expect(durationInWords(seconds)).toBe(words));

test("more than twice as long as earlier ones is slower than usual", () => {
	const expectation = { seconds: 600, spread: 0.1 };

	expect([null, undefined].flatMap((none) => slowSnapshotWarnings(none, 1e6))).toEqual([]);
	expect(slowSnapshotWarnings(expectation, 1200)).toEqual([]);
	expect(slowSnapshotWarnings(expectation, 1201)).toEqual([
		{
			code: "SLOWER_THAN_USUAL",
			message: "20 minutes since the request; earlier snapshots of this cluster took about 10 minutes",
		},
	]);
});
