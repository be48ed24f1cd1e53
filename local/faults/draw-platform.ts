import * as fc from "fast-check";
import type { AwsFault } from "../aws/server.ts";
import { STALE_TOKEN } from "./checkpoint-faults.ts";
import type { AwsTrouble, ConnectTrouble, Plan, Span, Strike } from "./plan.ts";
import { always, anyLength, oneOf, some } from "./weights.ts";

const when = oneOf("before", "after");

const awsFault: fc.Arbitrary<AwsFault> = fc.oneof(
	fc.record({
		do: always("fail"),
		status: always(500),
		code: oneOf("InternalFailure", "InternalServiceError"),
	}),
	always({ do: "fail", status: 400, code: "ThrottlingException" }),
	fc.record({ do: always("drop"), when }),
	fc.record({ do: always("delay"), milliseconds: fc.integer({ min: 100, max: 4_000 }) }),
);
const refusedEntries = always({ do: "refuse-entries", count: 1, code: "InternalFailure" });

const brief: fc.Arbitrary<Span> = fc.record({
	from: fc.record({ nth: fc.integer({ min: 1, max: 6 }) }),
	lasts: fc.record({ times: fc.integer({ min: 1, max: 4 }) }),
});
const long: fc.Arbitrary<Span> = fc.record({
	from: fc.oneof(fc.record({ nth: fc.integer({ min: 1, max: 4 }) }), fc.record({ second: anyLength(20_000) })),
	lasts: fc.record({ seconds: anyLength(80_000) }),
});

const briefTrouble: fc.Arbitrary<AwsTrouble> = fc
	.oneof(
		{
			weight: 5,
			arbitrary: fc.record({
				operation: oneOf("GetSecretValue", "PutEvents", "Invoke", "Checkpoint"),
				fault: awsFault,
				span: brief,
			}),
		},
		{ weight: 2, arbitrary: fc.record({ operation: always("PutEvents"), fault: refusedEntries, span: brief }) },
		{ weight: 1, arbitrary: fc.record({ operation: always("Checkpoint"), fault: always(STALE_TOKEN), span: brief }) },
	)
	.map(({ span, ...trouble }) => ({ ...trouble, ...span }));

/** A service is away for minutes or hours: the keys, the bus, or the engine itself. */
const outage: fc.Arbitrary<AwsTrouble> = fc
	.record({
		operation: oneOf("GetSecretValue", "PutEvents", "Checkpoint"),
		fault: fc.oneof(
			always<AwsFault>({ do: "fail", status: 500, code: "InternalFailure" }),
			always<AwsFault>({ do: "fail", status: 400, code: "ThrottlingException" }),
			// Carried out, but the reply is lost: whoever tries again does it again.
			always<AwsFault>({ do: "drop", when: "after" }),
		),
		span: long,
	})
	.map(({ span, ...trouble }) => ({ ...trouble, ...span }));

export const awsTroubles: fc.Arbitrary<AwsTrouble[]> = fc.oneof(
	{ weight: 6, arbitrary: some(briefTrouble, 3) },
	{ weight: 1, arbitrary: some(fc.oneof(outage, briefTrouble), 2) },
);

export const connectTroubles: fc.Arbitrary<ConnectTrouble[]> = fc.oneof(
	{ weight: 4, arbitrary: always<ConnectTrouble[]>([]) },
	{
		weight: 1,
		arbitrary: some(
			fc
				.record({
					fault: fc.oneof(
						fc.record({ do: always("refuse"), code: oneOf("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ENETUNREACH") }),
						always<ConnectTrouble["fault"]>({ do: "hang" }),
						fc.record({ do: always("delay"), milliseconds: fc.integer({ min: 100, max: 4_900 }) }),
					),
					span: fc.oneof(brief, long),
				})
				.map(({ fault, span }) => ({ fault, ...span })),
			2,
		),
	},
);

/** Seconds: mostly at once, else up to a day, which is longer than most snapshots take. */
const pause = fc.oneof({ weight: 3, arbitrary: always(0) }, { weight: 2, arbitrary: anyLength(80_000) });

const strike: fc.Arbitrary<Strike> = fc.record({
	point: fc.oneof(
		{
			weight: 5,
			arbitrary: fc.record({ at: always("checkpoint"), nth: fc.integer({ min: 1, max: 30 }), when }),
		},
		{
			weight: 5,
			arbitrary: fc.record({
				at: always("request"),
				kind: oneOf("take", "take", "take", "challenge", "challenge", "token", "get", "list"),
				nth: fc.integer({ min: 1, max: 3 }),
				carriedOut: fc.boolean(),
			}),
		},
		{ weight: 1, arbitrary: fc.record({ at: always("connect"), nth: fc.integer({ min: 1, max: 4 }) }) },
	),
	process: fc.oneof(
		{ weight: 3, arbitrary: always("dies") },
		{ weight: 1, arbitrary: always("goes on") },
		{ weight: 3, arbitrary: fc.record({ thawsAfter: anyLength(20_000) }) },
	),
	pause,
});

export const strikes: fc.Arbitrary<Strike[]> = some(strike, 3);

export const lateInvocations: fc.Arbitrary<Plan["lateInvocations"]> = fc.oneof(
	{ weight: 4, arbitrary: always([]) },
	{
		weight: 1,
		arbitrary: some(fc.record({ nth: fc.integer({ min: 1, max: 12 }), seconds: anyLength(40_000) }), 2),
	},
);

/** Some minutes, which a clock may be wrong by; or a jump, by hours at most. */
export const skews: fc.Arbitrary<Plan["skew"]> = fc.oneof(
	{ weight: 6, arbitrary: always(null) },
	{ weight: 1, arbitrary: fc.record({ from: always("start"), seconds: fc.integer({ min: -240, max: 240 }) }) },
	{
		weight: 1,
		arbitrary: fc.record({
			from: oneOf("first take", "every other invocation", "within the second invocation"),
			seconds: fc.oneof(fc.integer({ min: 240, max: 20_000 }), fc.integer({ min: -20_000, max: -240 })),
		}),
	},
);
