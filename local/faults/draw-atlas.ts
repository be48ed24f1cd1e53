import * as fc from "fast-check";
import type { Fault } from "../atlas/index.ts";
import type { AtlasTrouble, Span } from "./plan.ts";
import { always, anyLength, oneOf, some } from "./weights.ts";

type Action = Fault["do"];

const when = oneOf("before", "after");

/** Seconds that Atlas may ask to wait. */
const retryAfter = fc.oneof(
	{ weight: 6, arbitrary: fc.integer({ min: 1, max: 120 }) },
	{ weight: 2, arbitrary: always(0) },
	{ weight: 2, arbitrary: fc.integer({ min: 120, max: 14_400 }) },
	{ weight: 1, arbitrary: oneOf(86_400, 2_000_000) },
);

/** Atlas, or what stands before it, does not answer as it should, though it may have done what was asked for. */
export const unclear: fc.Arbitrary<Action> = fc.oneof(
	fc.record({ type: always("drop"), when }),
	fc.record({ type: always("cut"), bytes: fc.nat(200) }),
	fc.record({ type: always("html"), status: oneOf(200, 502, 503), executed: fc.boolean() }),
	fc.record({ type: always("status"), status: oneOf(500, 502, 503, 504, 408), executed: fc.boolean() }),
	always({ type: "garbage" }),
	always({ type: "body", value: "{}" }),
	always({ type: "body", value: '{"results":[],"totalCount":0}' }),
	fc.record({ type: always("contentType"), value: always("text/plain") }),
	fc.record({ type: always("delay"), ms: fc.integer({ min: 100, max: 45_000 }), when }),
	fc.record({ type: always("repeat"), answer: oneOf("first", "second") }),
);

/** It asks to come back later. */
export const busy: fc.Arbitrary<Action> = fc.oneof(
	fc.record(
		{
			type: always("status"),
			status: always(429),
			errorCode: oneOf("RATE_LIMITED_TOKEN_BUCKET", "RATE_LIMITED"),
			retryAfter,
		},
		{ requiredKeys: ["type", "status", "errorCode"] },
	),
	fc.record({ type: always("status"), status: always(503), retryAfter }),
	always({ type: "status", status: 405, errorCode: "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES" }),
);

/** A refusal that passes: it may even come in place of the reply to what was carried out. */
const refusal: fc.Arbitrary<Action> = fc
	.record({
		code: oneOf(
			[401, "USER_CANNOT_ACCESS_GROUP"],
			[401, "UNEXPECTED_ERROR"],
			[401, "NOT_IN_GROUP"],
			[403, "ACCESS_FORBIDDEN"],
			[403, "IP_ADDRESS_NOT_ON_ACCESS_LIST"],
		),
		executed: fc.boolean(),
	})
	.map(({ code: [status, errorCode], executed }) => ({ type: "status", status, errorCode, executed }));

/** A reply as it should be, with more in it than a checkpoint holds, or than a parser follows; or late replies before it. */
const misshapen: fc.Arbitrary<Action> = fc.oneof(
	fc.record({ type: always("grow"), bytes: oneOf(300_000, 5_000_000) }),
	always({ type: "grow", depth: 20_000 }),
	fc.record({ type: always("interim"), times: fc.integer({ min: 1, max: 50 }) }),
);

/** It does not find what is there. */
const missing: fc.Arbitrary<Action> = fc
	.record({ code: oneOf("SNAPSHOT_NOT_FOUND", "CLUSTER_NOT_FOUND", "RESOURCE_NOT_FOUND") })
	.map(({ code }) => ({ type: "status", status: 404, errorCode: code, executed: false }));

const brief: fc.Arbitrary<Span> = fc.record({
	from: fc.record({ nth: fc.integer({ min: 1, max: 4 }) }),
	lasts: fc.record({ times: fc.integer({ min: 1, max: 3 }) }),
});

/** From a request on, or from a time on, for minutes, hours or days. */
const long: fc.Arbitrary<Span> = fc.record({
	from: fc.oneof(fc.record({ nth: fc.integer({ min: 1, max: 4 }) }), fc.record({ second: anyLength(20_000) })),
	lasts: fc.record({ seconds: fc.oneof(anyLength(20_000), anyLength(200_000)) }),
});

const kindOfOne = fc.oneof(
	{ weight: 4, arbitrary: always("take") },
	{ weight: 6, arbitrary: oneOf("get", "list", "listSharded", "token", "challenge", "cluster") },
	{ weight: 1, arbitrary: always("clusters") },
);

const briefTrouble: fc.Arbitrary<AtlasTrouble> = fc
	.record({
		kinds: kindOfOne.map((kind) => [kind]),
		action: fc.oneof(
			{ weight: 6, arbitrary: unclear },
			{ weight: 2, arbitrary: busy },
			{ weight: 2, arbitrary: refusal },
			{ weight: 1, arbitrary: always({ type: "echo of a secret" }) },
			{ weight: 1, arbitrary: misshapen },
		),
		span: brief,
	})
	.map(({ span, ...trouble }) => ({ ...trouble, ...span }));

const wrongPoll: fc.Arbitrary<AtlasTrouble> = fc.record({
	kinds: always(["get"]),
	action: fc.oneof(missing, always({ type: "other snapshot" })),
	from: fc.record({ nth: fc.integer({ min: 1, max: 6 }) }),
	lasts: always({ times: 1 }),
});

const affected = oneOf<AtlasTrouble["kinds"]>(
	[],
	[],
	["list", "listSharded"],
	["get"],
	["take"],
	["token", "challenge"],
);

/** An outage, which may begin in the middle of a request that was carried out. */
const outage: fc.Arbitrary<AtlasTrouble> = fc
	.record({
		kinds: affected,
		action: fc.oneof(
			fc.record({ type: always("drop"), when: always("before") }),
			fc.record({ type: always("status"), status: oneOf(500, 503), executed: always(false) }),
			fc.record({ type: always("html"), status: oneOf(502, 503), executed: always(false) }),
			busy,
		),
		first: fc.option(unclear, { nil: undefined, freq: 3 }),
		span: long,
	})
	.map(({ span, first, ...trouble }) => ({ ...trouble, ...span, ...(first && { first }) }));

/** The key is refused, or what it may do, and not only for a moment; the first request may have been carried out. */
const lastingRefusal: fc.Arbitrary<AtlasTrouble> = fc
	.record({
		kinds: affected,
		action: refusal.map((action) => ({ ...action, executed: false })),
		first: fc.option(unclear, { nil: undefined, freq: 3 }),
		span: long,
	})
	.map(({ span, first, ...trouble }) => ({ ...trouble, ...span, ...(first && { first }) }));

/** The reply to the POST is lost, and from then on nothing, or no list, can be read for longer than a snapshot takes. */
const cutOff: fc.Arbitrary<AtlasTrouble[]> = fc
	.record({
		first: unclear,
		kinds: oneOf<AtlasTrouble["kinds"]>([], ["list", "listSharded"]),
		status: oneOf(500, 503),
		seconds: fc.oneof(fc.integer({ min: 60, max: 3000 }), anyLength(100_000)),
	})
	.map(({ first, kinds, status, seconds }) => [
		{ kinds: ["take"], action: first, from: { nth: 1 }, lasts: { times: 1 } },
		{
			kinds,
			action: { type: "status", status, executed: false },
			from: { second: 1 },
			lasts: { seconds },
		},
	]);

export const atlasTroubles: fc.Arbitrary<AtlasTrouble[]> = fc.oneof(
	{
		weight: 12,
		arbitrary: some(fc.oneof({ weight: 6, arbitrary: briefTrouble }, { weight: 1, arbitrary: wrongPoll }), 3),
	},
	{ weight: 2, arbitrary: some(fc.oneof(outage, briefTrouble), 3) },
	{ weight: 1, arbitrary: some(fc.oneof(lastingRefusal, briefTrouble), 2) },
	{ weight: 1, arbitrary: cutOff },
);
