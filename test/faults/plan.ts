import * as fc from "fast-check";
import type { ConflictPolicy } from "../../lambda/domain/request.ts";
import type { Trigger } from "../../lambda/domain/run.ts";
import type { Fault as AtlasFault } from "../../local/atlas/index.ts";
import type { Fault as AwsFault } from "../../local/aws/faults.ts";

/** How a snapshot of a cluster goes. */
interface Course {
	readonly seconds: number;
	readonly ending: "completed" | "failed" | "vanished";
	readonly unknownStatus?: string;
}

/** What the simulated Atlas does to some requests of one kind. */
export interface AtlasTrouble {
	readonly kind: AtlasFault["on"]["kind"];
	/** The first request to meet it, from 1. */
	readonly nth: number;
	/** How many in a row meet it. */
	readonly times: number;
	readonly action: AtlasFault["do"];
}

/** What an AWS service does to some calls of one operation. The SDK's own retries count. */
export interface AwsTrouble {
	readonly operation: "GetSecretValue" | "PutEvents" | "Invoke";
	readonly nth: number;
	readonly times: number;
	readonly fault: AwsFault;
}

/** When the durable function's process dies. */
export type Kill =
	/** At a checkpoint: before the engine has it, after (only the reply is lost), or because the engine refuses it. */
	| { readonly at: "checkpoint"; readonly nth: number; readonly how: "before" | "after" | "refused" }
	/** With a request of this kind on the wire, which Atlas carries out or never gets. */
	| {
			readonly at: "request";
			readonly kind: "take" | "get" | "list";
			readonly nth: number;
			readonly carriedOut: boolean;
	  };

/** Another's on-demand snapshot. */
interface Other extends Omit<Course, "unknownStatus"> {
	/** Which cluster of the run; counted modulo their number. */
	readonly cluster: number;
	/** 0: it is there before the run; else it is asked for just before this Atlas request of the run. */
	readonly beforeRequest: number;
	/** Seconds that it is old when the run begins: 0 is queued, 30 in progress; only where `beforeRequest` is 0. */
	readonly age: 0 | 30;
}

/** How the trigger reaches the trigger function. */
type Delivery =
	| "once"
	/** Twice at the same time. */
	| "twice"
	/** Twice at the same time, and once more after the run has ended. */
	| "three times"
	/** A second firing before the first, and then both again. */
	| "out of order"
	/** Once more under the same key, but with another request. */
	| "other request";

/** Everything that a run of the campaign meets. */
export interface Plan {
	readonly trigger: Trigger;
	readonly delivery: Delivery;
	readonly auth: "digest" | "oauth";
	readonly clusters: readonly { readonly kind: "replicaSet" | "sharded"; readonly course: Course }[];
	/** Whether the request names the clusters, or all of the project. */
	readonly selection: "named" | "all";
	readonly onConflict: ConflictPolicy;
	readonly minimumAgeMinutes: number | null;
	readonly deadlineMinutes: number;
	readonly others: readonly Other[];
	readonly atlas: readonly AtlasTrouble[];
	readonly aws: readonly AwsTrouble[];
	readonly kills: readonly Kill[];
	/** Whether waits end the invocation, as they do on AWS; else the process outlives them, as short ones. */
	readonly suspends: boolean;
	/** The keys are rotated just before this Atlas request of the run. */
	readonly rotateBefore: number | null;
}

const oneOf = <const T>(...values: readonly [T, ...T[]]) => fc.constantFrom(...values);

/** 160 s to 10 h; most of them short, since a long one brings nothing new but looks. */
const seconds = fc.oneof(
	{ weight: 20, arbitrary: fc.integer({ min: 160, max: 900 }) },
	{ weight: 1, arbitrary: fc.integer({ min: 900, max: 36_000 }) },
);
const ending = fc.oneof(
	{ weight: 8, arbitrary: fc.constant("completed" as const) },
	{ weight: 2, arbitrary: fc.constant("failed" as const) },
	{ weight: 1, arbitrary: fc.constant("vanished" as const) },
);

const course: fc.Arbitrary<Course> = fc.record(
	{ seconds, ending, unknownStatus: oneOf("finalizing", "verifying") },
	{ requiredKeys: ["seconds", "ending"] },
);

const when = oneOf("before", "after");
const action: fc.Arbitrary<AtlasFault["do"]> = fc.oneof(
	fc.record({ type: fc.constant("drop" as const), when }),
	fc.record({ type: fc.constant("cut" as const), bytes: fc.nat(200) }),
	fc.record({ type: fc.constant("html" as const), status: oneOf(200, 502, 503), executed: fc.boolean() }),
	fc.record({ type: fc.constant("status" as const), status: oneOf(500, 502, 503, 504), executed: fc.boolean() }),
	fc.record({
		type: fc.constant("status" as const),
		status: fc.constant(429),
		errorCode: fc.constant("RATE_LIMITED_TOKEN_BUCKET"),
		retryAfter: fc.integer({ min: 1, max: 120 }),
	}),
	fc.constant({
		type: "status" as const,
		status: 405,
		errorCode: "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES",
	}),
	fc.record({ type: fc.constant("repeat" as const), answer: oneOf("first", "second") }),
	fc.constant({ type: "garbage" as const }),
	fc.record({ type: fc.constant("contentType" as const), value: fc.constant("text/plain") }),
	fc.record({ type: fc.constant("delay" as const), ms: fc.integer({ min: 100, max: 45_000 }), when }),
);

/** But none that ends a run before it has targets: to digest, a listing that arrives twice is a replay, and refused. */
const atlasTrouble: fc.Arbitrary<AtlasTrouble> = fc
	.record({
		kind: fc.oneof(
			{ weight: 4, arbitrary: fc.constant("take" as const) },
			{
				weight: 6,
				arbitrary: oneOf("get", "getSharded", "list", "listSharded", "token", "challenge", "cluster", "clusters"),
			},
		),
		nth: fc.integer({ min: 1, max: 4 }),
		times: fc.integer({ min: 1, max: 3 }),
		action,
	})
	.filter(({ kind, action: { type } }) => kind !== "clusters" || type !== "repeat");

const awsFault: fc.Arbitrary<AwsFault> = fc.oneof(
	fc.record({
		do: fc.constant("fail" as const),
		status: fc.constant(500),
		code: oneOf("InternalFailure", "InternalServiceError"),
	}),
	fc.constant({ do: "fail" as const, status: 400, code: "ThrottlingException" }),
	fc.record({ do: fc.constant("drop" as const), when }),
	fc.record({ do: fc.constant("delay" as const), milliseconds: fc.integer({ min: 100, max: 4_000 }) }),
);
const refusedEntries = fc.constant({ do: "refuse-entries" as const, count: 1, code: "InternalFailure" });

const awsTrouble: fc.Arbitrary<AwsTrouble> = fc.oneof(
	fc.record({
		operation: oneOf("GetSecretValue", "PutEvents", "Invoke"),
		nth: fc.integer({ min: 1, max: 4 }),
		times: fc.integer({ min: 1, max: 4 }),
		fault: awsFault,
	}),
	fc.record({
		operation: fc.constant("PutEvents" as const),
		nth: fc.integer({ min: 1, max: 6 }),
		times: fc.integer({ min: 1, max: 6 }),
		fault: refusedEntries,
	}),
);

const kill: fc.Arbitrary<Kill> = fc.oneof(
	{
		weight: 3,
		arbitrary: fc.record({
			at: fc.constant("checkpoint" as const),
			nth: fc.integer({ min: 1, max: 30 }),
			how: oneOf("before", "after", "refused"),
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			at: fc.constant("request" as const),
			kind: oneOf("take", "take", "get", "list"),
			nth: fc.integer({ min: 1, max: 3 }),
			carriedOut: fc.boolean(),
		}),
	},
);

const other: fc.Arbitrary<Other> = fc.record({
	cluster: fc.nat(2),
	beforeRequest: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 8 })),
	age: oneOf(0, 30),
	seconds: fc.integer({ min: 60, max: 7200 }),
	ending: oneOf("completed", "completed", "failed", "vanished"),
});

const cluster = fc.record({ kind: oneOf("replicaSet", "sharded"), course });

const some = <T>(what: fc.Arbitrary<T>, most: number) => fc.array(what, { maxLength: most });

/** Draws plans. Smaller ones shrink towards a single trigger, one cluster and no trouble. */
export const plans: fc.Arbitrary<Plan> = fc.record({
	trigger: oneOf("schedule", "event", "http"),
	// The last two cost a second run, or a second round.
	delivery: fc.oneof(
		{ weight: 6, arbitrary: oneOf("once", "twice", "three times") },
		{ weight: 2, arbitrary: oneOf("out of order", "other request") },
	),
	auth: oneOf("digest", "oauth"),
	clusters: fc.oneof(
		{ weight: 4, arbitrary: fc.array(cluster, { minLength: 1, maxLength: 1 }) },
		{ weight: 1, arbitrary: fc.array(cluster, { minLength: 2, maxLength: 3 }) },
	),
	selection: oneOf("named", "named", "named", "all"),
	onConflict: oneOf("join", "wait", "skip", "fail"),
	minimumAgeMinutes: fc.option(oneOf(1, 120), { freq: 6 }),
	deadlineMinutes: oneOf(60, 30, 600),
	others: some(other, 2),
	atlas: some(atlasTrouble, 4),
	aws: some(awsTrouble, 3),
	kills: some(kill, 3),
	suspends: fc.boolean(),
	rotateBefore: fc.option(fc.integer({ min: 1, max: 12 }), { freq: 2 }),
});
