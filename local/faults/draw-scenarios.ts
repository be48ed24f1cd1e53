import * as fc from "fast-check";
import { busy, unclear } from "./draw-atlas.ts";
import type { AtlasTrouble, Other, Plan, Strike } from "./plan.ts";
import { oneOf } from "./weights.ts";

/**
 * Runs in which nothing goes wrong but what breaks one certain promise, if the function is careless: such coincidences
 * are too rare where everything is drawn at random.
 */

const between = (min: number, max: number) => fc.integer({ min, max });

/** One trouble, of the first request to take a snapshot. */
const atFirstTake = (action: AtlasTrouble["action"]): AtlasTrouble => ({
	kinds: ["take"],
	action,
	from: { nth: 1 },
	lasts: { times: 1 },
});

/** From the first request of these kinds on, for so many seconds. */
const lasting = (kinds: AtlasTrouble["kinds"], action: AtlasTrouble["action"], seconds: number): AtlasTrouble => ({
	kinds,
	action,
	from: { nth: 1 },
	lasts: { seconds },
});

/** What a scenario says of a plan: of its one cluster's snapshot, and of all that goes wrong. */
interface Scenario extends Partial<Plan> {
	readonly seconds: number;
	readonly deadlineMinutes?: number;
}

/**
 * The process freezes before the POST leaves, and thaws when the next invocation's snapshot is over: the POST must not
 * leave any more.
 */
const frozenPost: fc.Arbitrary<Scenario> = fc
	.record({ seconds: between(20, 150), thawsAfter: between(90, 900), at: oneOf("first request", "connect") })
	.chain(({ seconds, thawsAfter, at }) =>
		oneOf("digest", "oauth").map((auth) => {
			const kind = auth === "digest" ? "challenge" : "token";
			const point: Strike["point"] =
				at === "connect" ? { at, nth: 1 } : { at: "request", kind, nth: 1, carriedOut: true };
			// A kept token is no longer good, so that a new one has to be asked for.
			const rotateBefore = kind === "token" ? 1 : null;
			return { seconds, auth, rotateBefore, strikes: [{ point, process: { thawsAfter }, pause: 0 }] };
		}),
	);

/** The connection breaks late, when the snapshot is over already: whoever sends the POST again takes a second one. */
const lateDrop: fc.Arbitrary<Scenario> = fc
	.record({ seconds: between(3, 8), ms: between(10_000, 19_000) })
	.map(({ seconds, ms }) => ({ seconds, atlas: [atFirstTake({ type: "late drop", ms })] }));

/** The POST arrives twice, and the reply is that of the second: the snapshot in the way is ours. */
const twofold: fc.Arbitrary<Scenario> = between(30, 300).map((seconds) => ({
	seconds,
	atlas: [atFirstTake({ type: "repeat", answer: "second" })],
}));

/** What came of the POST is unclear, and its snapshot is soon over: nothing is in the way of a second one. */
const quickEnd: fc.Arbitrary<Scenario> = fc
	.record({ seconds: between(3, 12), action: unclear })
	.map(({ seconds, action }) => ({ seconds, atlas: [atFirstTake(action)] }));

/** The POST is on its way for longer than its reply is waited for; meanwhile another's snapshot runs, and ends. */
const overtaken: fc.Arbitrary<Scenario> = fc
	.record({ seconds: between(60, 300), others: between(27, 38) })
	.map(({ seconds, others }) => ({
		seconds,
		others: [{ ...another, beforeRequest: 1, seconds: others }],
		atlas: [atFirstTake({ type: "delay", ms: 42_000, when: "before" })],
	}));

/** The reply to the POST is lost, and the list cannot be read until the snapshot is over, or the deadline is. */
const blind: fc.Arbitrary<Scenario> = fc
	.record({
		seconds: between(30, 250),
		lasts: between(300, 4_000),
		status: oneOf(500, 503, 404),
		deadlineMinutes: oneOf(5, 60),
	})
	.map(({ seconds, lasts, status, deadlineMinutes }) => ({
		seconds,
		deadlineMinutes,
		atlas: [
			atFirstTake({ type: "drop", when: "after" }),
			lasting(["list", "listSharded"], { type: "status", status, executed: false }, lasts),
		],
	}));

/** The same, where the POST is answered: refused although it was carried out, or as the copy of one that was. */
const blindAfterReply: fc.Arbitrary<Scenario> = fc
	.record({
		blind,
		action: oneOf<AtlasTrouble["action"]>(
			{ type: "status", status: 401, errorCode: "USER_CANNOT_ACCESS_GROUP", executed: true },
			{ type: "status", status: 401, errorCode: "UNEXPECTED_ERROR", executed: true },
			{ type: "status", status: 403, errorCode: "ACCESS_FORBIDDEN", executed: true },
			{ type: "status", status: 400, errorCode: "VALIDATION_ERROR", executed: true },
			{ type: "repeat", answer: "second" },
		),
	})
	.map(({ blind: scenario, action }) => ({
		...scenario,
		atlas: [atFirstTake(action), ...(scenario.atlas ?? []).slice(1)],
	}));

/** Atlas takes no request until the deadline is over. */
const turnedAway: fc.Arbitrary<Scenario> = fc
	.record({ seconds: between(60, 200), lasts: between(400, 10_000), deadlineMinutes: oneOf(5, 30), action: busy })
	.map(({ seconds, lasts, deadlineMinutes, action }) => ({
		seconds,
		deadlineMinutes,
		atlas: [lasting(["take"], action, lasts)],
	}));

/** The POST never arrives, and what the list holds is old, scheduled, or another run's. */
const others: fc.Arbitrary<Scenario> = fc
	.record({
		seconds: between(60, 200),
		age: between(700, 500_000),
		other: oneOf<Partial<Other>>(
			{ marker: "this run" },
			{ marker: "this run", ending: "failed" },
			{ marker: "this run", snapshotType: "scheduled" },
			{ marker: "another run", age: 0, seconds: 600 },
		),
	})
	.map(({ seconds, age, other }) => ({
		seconds,
		others: [{ ...another, seconds: 300, age, ...other }],
		atlas: [atFirstTake({ type: "drop", when: "before" })],
	}));

const another: Omit<Other, "seconds"> = {
	cluster: 0,
	beforeRequest: 0,
	age: 0,
	ending: "completed",
	snapshotType: "onDemand",
	marker: "none",
};

export const SCENARIOS = {
	frozenPost,
	lateDrop,
	twofold,
	quickEnd,
	overtaken,
	blind,
	blindAfterReply,
	turnedAway,
	others,
};
export type ScenarioName = keyof typeof SCENARIOS;

/**
 * @param base of which trigger, delivery, policy and the like are taken
 * @param name absent: any
 */
export const scenarios = (base: fc.Arbitrary<Plan>, name?: ScenarioName): fc.Arbitrary<Plan> =>
	fc
		.record({
			base,
			scenario: name ? SCENARIOS[name] : fc.oneof(...Object.values(SCENARIOS)),
			kind: oneOf("replicaSet", "sharded"),
			ending: oneOf("completed", "failed"),
		})
		.map(
			({ base: plan, scenario: { seconds, deadlineMinutes = 60, ...over }, kind, ending }): Plan => ({
				...plan,
				beyondLimits: "nothing",
				clusters: [{ kind, state: "ready", course: { seconds, ending } }],
				wanted: { ...plan.wanted, selection: "named", minimumAgeMinutes: null, deadlineMinutes },
				settings: { ...plan.settings, bucket: 1200 },
				others: [],
				atlas: [],
				aws: [],
				connects: [],
				strikes: [],
				lateInvocations: [],
				skew: null,
				rotateBefore: null,
				...over,
			}),
		);
