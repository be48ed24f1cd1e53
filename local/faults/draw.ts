import * as fc from "fast-check";
import { atlasTroubles } from "./draw-atlas.ts";
import { awsTroubles, connectTroubles, lateInvocations, skews, strikes } from "./draw-platform.ts";
import { type ScenarioName, scenarios } from "./draw-scenarios.ts";
import type { AtlasSettings, Course, Other, Plan } from "./plan.ts";
import { always, mostly, oneOf, seldom, some } from "./weights.ts";

/** The plan of a seed: always the same. Smaller ones shrink towards one delivery, one cluster and no trouble. */

/** Mostly minutes, so that many runs can be made; some end within seconds, as failed ones do, and a few last for days. */
const seconds = fc.oneof(
	{ weight: 28, arbitrary: fc.integer({ min: 50, max: 250 }) },
	{ weight: 6, arbitrary: fc.integer({ min: 5, max: 60 }) },
	{ weight: 4, arbitrary: fc.integer({ min: 250, max: 1200 }) },
	{ weight: 2, arbitrary: fc.integer({ min: 1200, max: 36_000 }) },
	{ weight: 1, arbitrary: fc.integer({ min: 36_000, max: 200_000 }) },
);
const ending = fc.oneof(
	{ weight: 8, arbitrary: always("completed") },
	{ weight: 2, arbitrary: always("failed") },
	{ weight: 1, arbitrary: always("vanished") },
);
const course: fc.Arbitrary<Course> = fc.record(
	{ seconds, ending, unknownStatus: oneOf("finalizing", "verifying", "COMPLETED", "") },
	{ requiredKeys: ["seconds", "ending"] },
);

/** Mostly one that stands in the way; else one of any age, kind and marker. */
const inTheWay: fc.Arbitrary<Other> = fc.record({
	cluster: fc.nat(2),
	beforeRequest: fc.oneof(always(0), fc.integer({ min: 1, max: 8 })),
	age: oneOf(0, 30),
	seconds: fc.oneof(fc.integer({ min: 35, max: 90 }), fc.integer({ min: 90, max: 7200 })),
	ending: oneOf("completed", "completed", "failed", "vanished"),
	snapshotType: oneOf("onDemand", "onDemand", "fallback"),
	marker: oneOf("none", "none", "another run"),
});
const DAY = 86_400;
const old: fc.Arbitrary<Other> = fc.record({
	cluster: fc.nat(2),
	beforeRequest: always(0),
	age: fc.oneof(fc.integer({ min: 400, max: 7200 }), fc.integer({ min: 7200, max: 6 * DAY })),
	seconds: fc.oneof(fc.integer({ min: 100, max: 3600 }), fc.integer({ min: 3600, max: 9 * DAY })),
	ending: oneOf("completed", "failed"),
	snapshotType: oneOf("onDemand", "scheduled", "fallback"),
	marker: oneOf("none", "this run", "another run"),
});
/** Some that took as long as one another, which may be quite another time than the run's own will take. */
const history: fc.Arbitrary<Other[]> = fc
	.record({
		seconds: fc.oneof(fc.integer({ min: 20, max: 600 }), fc.integer({ min: 600, max: 40_000 })),
		count: fc.integer({ min: 2, max: 6 }),
	})
	.map(({ seconds, count }) =>
		Array.from({ length: count }, (_, nth) => ({
			cluster: 0,
			beforeRequest: 0,
			age: 50_000 + nth * DAY,
			seconds: seconds + nth,
			ending: "completed" as const,
			snapshotType: "onDemand" as const,
			marker: "none" as const,
		})),
	);
/** A scheduled one does not stand in the way, whatever its state. */
const scheduled = inTheWay.map((other) => ({ ...other, snapshotType: "scheduled" as const }));

const cluster = fc.record({
	kind: oneOf("replicaSet", "sharded"),
	course,
	state: seldom(20, "ready" as const, oneOf("paused", "tenant", "backup off", "missing")),
});
const clusters = fc.oneof(
	{ weight: 320, arbitrary: fc.array(cluster, { minLength: 1, maxLength: 1 }) },
	{ weight: 40, arbitrary: fc.array(cluster, { minLength: 2, maxLength: 4 }) },
	// More than one execution holds: the run is chained.
	{
		weight: 1,
		arbitrary: fc.oneof(
			{ weight: 3, arbitrary: fc.array(cluster, { minLength: 26, maxLength: 30, size: "max" }) },
			{ weight: 1, arbitrary: fc.array(cluster, { minLength: 26, maxLength: 60, size: "max" }) },
		),
	},
);

const settings: fc.Arbitrary<AtlasSettings> = fc.record({
	conflictStatus: mostly(4, 400, 409),
	listOrder: oneOf("oldestFirst", "newestFirst"),
	listDelaySeconds: seldom(5, 0, fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 40, max: 60 }))),
	rateLimitHeaders: mostly(4, true, false),
	bucket: fc.oneof({ weight: 5, arbitrary: always(1200) }, { weight: 2, arbitrary: fc.integer({ min: 10, max: 40 }) }),
	tokenSeconds: mostly(4, 3600, 120),
	nonceSeconds: mostly(4, 60, 5),
});

const anything: fc.Arbitrary<Plan> = fc.record({
	trigger: oneOf("schedule", "event", "http", "hook"),
	// The later ones cost a second run, or a second round.
	delivery: fc.oneof(
		{ weight: 20, arbitrary: oneOf("once", "twice", "three times") },
		{
			weight: 3,
			arbitrary: oneOf("two at once", "same key of two callers", "hours apart", "out of order", "other request"),
		},
	),
	beyondLimits: seldom(20, "nothing" as const, oneOf("retention", "cluster", "all projects")),
	auth: oneOf("digest", "oauth"),
	clusters,
	wanted: fc.record({
		selection: oneOf("named", "named", "named", "all", "tags"),
		onConflict: oneOf("join", "wait", "skip", "fail"),
		minimumAgeMinutes: fc.option(oneOf(1, 120), { freq: 6 }),
		deadlineMinutes: oneOf(60, 30, 600, 5, 4320),
	}),
	settings,
	others: fc.oneof(
		{ weight: 2, arbitrary: some(inTheWay, 2) },
		{ weight: 1, arbitrary: some(fc.oneof(inTheWay, old, scheduled), 3) },
		{ weight: 1, arbitrary: history },
	),
	atlas: atlasTroubles,
	aws: awsTroubles,
	connects: connectTroubles,
	strikes,
	lateInvocations,
	skew: skews,
	rotateBefore: fc.option(fc.integer({ min: 1, max: 12 }), { freq: 3 }),
});

const plans: fc.Arbitrary<Plan> = fc.oneof(
	{ weight: 4, arbitrary: anything },
	{ weight: 1, arbitrary: scenarios(anything) },
);

/** @param scenario where runs of one scenario are wanted, and no others */
export const plansOf = (scenario: ScenarioName | undefined): fc.Arbitrary<Plan> =>
	scenario ? scenarios(anything, scenario) : plans;
