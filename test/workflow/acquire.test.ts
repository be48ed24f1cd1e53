import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AtlasErrorCode } from "../../lambda/domain/error-table.ts";
import { AtlasError, type AtlasFault } from "../../lambda/domain/errors.ts";
import { type ConflictPolicy, readSnapshotRequest } from "../../lambda/domain/request.ts";
import { type Run, runMarker } from "../../lambda/domain/run.ts";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import { acquireSnapshot } from "../../lambda/workflow/acquire.ts";
import { countOperations, TARGET_OPERATIONS } from "../../lambda/workflow/operations.ts";
import { backOffSeconds as pacedBackOff } from "../../lambda/workflow/pauses.ts";
import type { Ports } from "../../lambda/workflow/ports.ts";
import { requestSnapshot } from "../../lambda/workflow/request-snapshot.ts";
import type { DurableSteps } from "../../lambda/workflow/steps.ts";
import type { TargetContext, TargetLimits } from "../../lambda/workflow/target-context.ts";
import { DEFAULT_PORTS } from "../harness/ports.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const START = Date.parse("2026-10-24T02:00:00Z");
const STACK = "atlas-snapshots";
const TARGET = { projectId: "32b6e34b3d91647abb20e7b8", clusterName: "c" };

/** What becomes of one request for a snapshot: whether Atlas carries it out, and what is answered. */
type Fate =
	| "done"
	| "interrupted"
	| "unsent"
	| "never-unavailable"
	| `${"done" | "late" | "never"}-${"lost" | "denied" | "forbidden" | "throttled" | "upgrading" | "invalid" | "conflict"}`;

const ANSWERS = ["lost", "denied", "forbidden", "throttled", "upgrading", "invalid", "conflict"] as const;
const FATES: readonly Fate[] = [
	"done",
	"interrupted",
	"unsent",
	...ANSWERS.flatMap((answer) => [`done-${answer}`, `never-${answer}`] as const),
	"late-lost",
];

/** Besides those of every combination. */
type Answer = (typeof ANSWERS)[number] | "unavailable";

const FAULTS: Record<Answer, Partial<AtlasFault> & { readonly code: AtlasErrorCode }> = {
	lost: { code: "ATLAS_NO_REPLY", blame: "transient" },
	denied: { code: "ATLAS_KEY_REFUSED", status: 401, blame: "user" },
	forbidden: { code: "ATLAS_FORBIDDEN", status: 403, blame: "user" },
	throttled: { code: "ATLAS_RATE_LIMITED", status: 429, blame: "transient", retryAfterSeconds: 600 },
	unavailable: { code: "ATLAS_FAULT", status: 503, blame: "transient", retryAfterSeconds: 600 },
	upgrading: { code: "ATLAS_UPGRADING", status: 405, blame: "transient" },
	invalid: { code: "ATLAS_BAD_REQUEST", status: 400, blame: "user" },
	conflict: { code: "ATLAS_CONFLICT", status: 409, blame: "transient" },
};
const fail = (fault: Partial<AtlasFault> & { readonly code: AtlasErrorCode }): never => {
	throw new AtlasError({ blame: "user", executed: "unknown", ...fault }, "m");
};

/** What becomes of one look through the lists. */
type Sight = "seen" | "lost" | "denied";

interface Scene {
	readonly fates: readonly Fate[];
	readonly sights?: readonly Sight[];
	readonly policy?: ConflictPolicy;
	readonly deadlineMinutes?: number;
	/** Milliseconds from the start until which another's snapshot runs; below 0 it ended before. */
	readonly otherUntil?: number;
	/** Milliseconds for which a new snapshot is missing from lists. */
	readonly listDelay?: number;
	/** Milliseconds by which what lists say of a snapshot's status is old. */
	readonly listAge?: number;
	/** Milliseconds by which the function's clock is ahead of Atlas's and of AWS's. */
	readonly clockAhead?: number;
	/** What every request is answered once the fates are used up. */
	readonly finally?: Fate;
	readonly planted?: readonly Partial<Snapshot>[];
	/** How long a snapshot takes. */
	readonly snapshotMs?: number;
}

/**
 * A little Atlas, and a run that asks it for a snapshot. It refuses a second on-demand snapshot while one runs; it keeps
 * no other rule, and knows nothing of how the run decides.
 */
async function play(scene: Scene) {
	const { fates, sights = [], policy = "join", otherUntil = 0, listDelay = 0, snapshotMs = 160 * SECOND } = scene;
	const { clockAhead = 0 } = scene;
	const run: Run = {
		run: "http-1",
		trigger: "http",
		requestedBy: "local",
		request: readSnapshotRequest({ ...TARGET, onConflict: policy, deadlineMinutes: scene.deadlineMinutes ?? 60 }),
	};
	const deadlineAt = START + run.request.deadlineMinutes * MINUTE;
	let now = START;
	let operations = 0;
	const taken: { at: number; ours: boolean; id: string }[] = [];
	const late: number[] = [];
	const asks: number[] = [];
	const looksAt: number[] = [];
	let looks = 0;
	const newId = (at: number) =>
		`${Math.floor(at / 1000)
			.toString(16)
			.padStart(8, "0")}${String(taken.length).padStart(16, "0")}`;
	if (otherUntil !== 0) taken.push({ at: START + otherUntil - snapshotMs, ours: false, id: newId(START) });
	const execute = (at: number) => {
		if (taken.some((one) => one.at <= at && at < one.at + snapshotMs)) return undefined;
		const one = { at, ours: true, id: newId(at) };
		taken.push(one);
		return one;
	};
	const settle = () => {
		for (const at of late.splice(0))
			if (at <= now) execute(at);
			else late.push(at);
	};
	const show = (one: { at: number; ours: boolean; id: string }, age = 0): Snapshot => ({
		id: one.id,
		status: now - age < one.at + snapshotMs ? "inProgress" : "completed",
		snapshotType: "onDemand",
		description: one.ours ? `x${runMarker(run.run, STACK)}` : "x",
	});
	const ports: Ports = {
		...DEFAULT_PORTS,
		now: () => now + clockAhead,
		async takeSnapshot(_target, { description }) {
			settle();
			expect(description).toBe(`on demand${runMarker(run.run, STACK)}`);
			asks.push(now);
			const fate = fates[asks.length - 1] ?? scene.finally ?? "done";
			if (fate === "unsent") return fail({ code: "ATLAS_UNREACHABLE", blame: "transient", executed: "no" });
			const [what, answer] = fate.split("-") as [string, Answer | undefined];
			if (what === "interrupted") {
				execute(now);
				throw new Interrupted();
			}
			const one = what === "done" ? execute(now) : undefined;
			if (what === "late") late.push(now + 45 * SECOND);
			if (answer === "lost") now += 20 * SECOND;
			if (answer !== undefined) return fail(FAULTS[answer]);
			return one ? show(one) : fail({ code: "ATLAS_SNAPSHOT_RUNNING", status: 400, blame: "transient" });
		},
		async readSnapshot(_target, id) {
			settle();
			const one = taken.find((other) => other.id === id);
			return one ? show(one) : fail({ code: "ATLAS_SNAPSHOT_NOT_FOUND", status: 404 });
		},
		async listSnapshots() {
			settle();
			looksAt.push(now);
			const sight = sights[looks++] ?? "seen";
			if (sight === "lost") return fail({ code: "ATLAS_FAULT", status: 500, blame: "transient", executed: "no" });
			if (sight === "denied") return fail({ ...FAULTS.denied, executed: "no" });
			const planted = (scene.planted ?? []).map((one) => ({ id: newId(START), status: "completed", ...one }));
			return [...planted, ...taken.filter(({ at }) => now - at >= listDelay).map((one) => show(one, scene.listAge))];
		},
		readCluster: async () => ({ name: "c" }),
		listClusters: async () => [],
		listProjects: async () => [],
		publish: async () => {},
	};
	const step = <T>(_name: string, work: () => Promise<T>): Promise<T> => {
		operations += 1;
		return work();
	};
	const steps: DurableSteps = {
		executionStartedAt: START,
		step,
		once: (name, work) =>
			step(name, work).catch((error: unknown) => {
				if (error instanceof Interrupted) return undefined;
				throw error;
			}),
		warn: () => {},
		insist: step,
		async sleep(_name, seconds) {
			expect(Number.isInteger(seconds) && seconds > 0).toBe(true);
			operations += 1;
			now += seconds * SECOND;
		},
		async until(_name, initial, check, next) {
			let state = initial;
			for (;;) {
				operations += 1;
				state = await check(state);
				const seconds = next(state);
				if (seconds === "stop") return state;
				now += seconds * SECOND;
			}
		},
	};
	const lateAt: number[] = [];
	const backOff: TargetLimits["backOff"] = (attempt, at, { each, kept }, retryAfterSeconds) => {
		const elapsedSeconds = (at - clockAhead - START) / SECOND;
		const least = counted.leastPause(elapsedSeconds, each, kept);
		return Math.max(pacedBackOff(attempt, `${attempt}`, retryAfterSeconds, elapsedSeconds), least);
	};
	const limits = {
		startedAt: START + clockAhead,
		deadlineAt: deadlineAt + clockAhead,
		hardLimitAt: START + clockAhead + 3 * 24 * 60 * MINUTE,
		firstPollSeconds: 60,
		backOff,
	};
	const counted = countOperations(steps);
	const context = { ports, steps: counted, run, target: TARGET };
	const result = await acquireSnapshot(context, limits, {
		async reportLate() {
			lateAt.push(now);
		},
		offerAgain: async (last) => last,
	});
	const endedAt = now;
	now += 10 * MINUTE;
	settle();
	return { result, ours: taken.filter(({ ours }) => ours), asks, looksAt, lateAt, deadlineAt, endedAt, operations };
}

/** What a process that dies within a request leaves behind: the next one knows only that it began. */
class Interrupted extends Error {
	override name = "INTERRUPTED";
}

const scenes: fc.Arbitrary<Scene> = fc.record({
	clockAhead: fc.constantFrom(0, 0, -120 * MINUTE, 54 * MINUTE),
	fates: fc.array(fc.constantFrom(...FATES), { maxLength: 12 }),
	sights: fc.array(fc.constantFrom<Sight>("seen", "seen", "lost", "denied"), { maxLength: 12 }),
	policy: fc.constantFrom<ConflictPolicy>("join", "wait", "skip", "fail"),
	deadlineMinutes: fc.constantFrom(1, 5, 60, 600),
	otherUntil: fc.constantFrom(0, 30_000, 150_000),
	listDelay: fc.constantFrom(0, 0, 10_000, 40_000),
	finally: fc.constantFrom(...FATES),
});

function findBrokenPromise({ result, ours, asks, lateAt, deadlineAt, endedAt }: Awaited<ReturnType<typeof play>>) {
	if (ours.length > 1) return "two snapshots";
	if (asks.some((at) => at >= deadlineAt)) return "asked after the deadline";
	if (!("state" in result)) {
		if (result.provenance !== "adopted" && result.snapshot.id !== ours[0]?.id) return "followed one that is not ours";
		return undefined;
	}
	if (result.state === "LOST") return undefined;
	// A list that can't be read for the whole of the time may leave a snapshot behind that nobody sees.
	if (lateAt.some((at) => at > deadlineAt + MINUTE)) return "LATE too late";
	if (lateAt.length === 0 && endedAt > deadlineAt + 2 * MINUTE) return "the end published late";
	return undefined;
}

describe("promise 1: never two snapshots where one was asked", () => {
	test("every run of three fates, for every policy, with and without another's snapshot running", async () => {
		let count = 0;
		for (const first of FATES)
			for (const second of FATES)
				for (const third of FATES)
					for (const policy of ["join", "skip"] as const)
						for (const otherUntil of [0, 150_000]) {
							const fates = [first, second, third];
							const played = await play({ fates, policy, otherUntil });
							const found = findBrokenPromise(played) ?? left(played);
							count += 1;
							if (found !== undefined)
								expect.fail(`${fates.join(" ")}, ${policy}, other until ${otherUntil}: ${found}`);
						}
		expect(count).toBe(FATES.length ** 3 * 4);
	}, 60_000);

	test("longer runs, drawn at random with lists that fail or lag, end too, and in time", async () => {
		await fc.assert(
			fc.asyncProperty(scenes, async (scene) => {
				expect(findBrokenPromise(await play(scene))).toBeUndefined();
			}),
			{ numRuns: 3000 },
		);
	});
});

describe("promise 1: nothing is requested while a list of two minutes ago may hide what an earlier request left", () => {
	test.for<readonly [readonly Fate[], Fate]>([
		[["done-conflict", "interrupted", "done", "late-lost"], "done"],
		[["done-upgrading", "unsent", "interrupted", "late-lost"], "done"],
		[["never-denied"], "late-lost"],
		[["done-lost"], "late-lost"],
		[["interrupted", "done", "late-lost"], "late-lost"],
	])("%o, then always %s", async ([fates, last]) => {
		const { result, ours } = await play({ fates, finally: last, listDelay: 2 * MINUTE });

		expect(result).toMatchObject({ provenance: "recovered", snapshot: { id: ours[0]?.id } });
		expect(ours).toHaveLength(1);
	});

	test.for<Fate>(["done-lost", "interrupted", "done-conflict", "done-upgrading"])(
		"a snapshot that is over before any list shows it is not taken twice (%s)",
		async (fate) => {
			const { ours, asks } = await play({ fates: [fate], listDelay: 2 * MINUTE, snapshotMs: 10 * SECOND });

			expect(ours).toHaveLength(1);
			expect(asks).toHaveLength(1);
		},
	);
});

/** Where every list can be read, no snapshot of ours is left behind by a run that says it has none. */
const left = ({ result, ours }: Awaited<ReturnType<typeof play>>) =>
	"state" in result && ours.length > 0 ? `${result.state}, though Atlas has taken one` : undefined;

describe("a refusal that may pass", () => {
	test.each(["never-denied", "never-forbidden"] as const)(
		"of one request (%s) is tried again, and no matter",
		async (fate) => {
			const { result, asks } = await play({ fates: [fate, fate] });

			expect(result).toMatchObject({ provenance: "created" });
			expect(asks).toHaveLength(3);
		},
	);

	test("that lasts is believed after three times and two minutes, within five", async () => {
		const { result, asks, endedAt } = await play({ fates: [], finally: "never-denied" });

		expect(result).toMatchObject({ state: "REFUSED", reason: { code: "ATLAS_KEY_REFUSED" } });
		expect(asks).toHaveLength(3);
		expect(endedAt - START).toBeGreaterThanOrEqual(2 * MINUTE);
		expect(endedAt - START).toBeLessThan(5 * MINUTE);
	});

	test("of requests and lists alike ends within five minutes as well", async () => {
		const sights = Array.from({ length: 20 }, () => "denied" as const);
		const { result, asks, endedAt } = await play({ fates: [], finally: "never-denied", sights });

		expect(result).toMatchObject({ state: "REFUSED", reason: { code: "ATLAS_KEY_REFUSED" } });
		expect(asks).toHaveLength(1);
		expect(endedAt - START).toBeLessThan(5 * MINUTE);
	});

	test("of what Atlas carried out all the same: ours is found before it is asked for again", async () => {
		const { result, ours, asks } = await play({ fates: ["done-denied"], snapshotMs: 30 * SECOND });

		expect(result).toMatchObject({ provenance: "recovered", snapshot: { id: ours[0]?.id } });
		expect(asks).toHaveLength(1);
	});
});

test("a request in which the process died is in doubt: its snapshot is found, however soon it ended", async () => {
	const { result, ours } = await play({ fates: ["interrupted"], snapshotMs: 2 * SECOND });

	expect(result).toMatchObject({ provenance: "recovered" });
	expect(ours).toHaveLength(1);
});

describe("promise 2: a snapshot is not left behind by a list that is minutes old", () => {
	test("where the request for it was refused for good", async () => {
		const { result, ours } = await play({ fates: ["done-invalid"], listDelay: 2 * MINUTE });

		expect(result).toMatchObject({ provenance: "recovered", snapshot: { id: ours[0]?.id } });
	});

	test("a plain refusal for good is reported within five minutes all the same, after one request", async () => {
		const { result, asks, endedAt } = await play({ fates: [], finally: "never-invalid" });

		expect(result).toMatchObject({ state: "REFUSED", reason: { code: "ATLAS_BAD_REQUEST" } });
		expect(asks).toHaveLength(1);
		expect(endedAt - START).toBeLessThan(5 * MINUTE);
	});

	test.each([1, 5])(
		"where the reply was lost within the last of %i minutes: it is LATE, then found",
		async (minutes) => {
			const fates = Array.from({ length: minutes === 1 ? 0 : 2 }, () => "never-upgrading" as const);
			const scene = { fates: [...fates, "done-lost"], deadlineMinutes: minutes, listDelay: 5 * MINUTE } as const;
			const { result, ours, lateAt, deadlineAt } = await play(scene);

			expect(result).toMatchObject({ provenance: "recovered", snapshot: { id: ours[0]?.id } });
			expect(lateAt).toEqual([deadlineAt]);
		},
	);

	test("what stays unknown at the deadline is LATE, and refused within a quarter of an hour", async () => {
		const { result, lateAt, deadlineAt, endedAt } = await play({ fates: ["never-lost"], deadlineMinutes: 1 });

		expect(result).toMatchObject({ state: "REFUSED" });
		expect(lateAt).toEqual([deadlineAt]);
		expect(endedAt - deadlineAt).toBeLessThan(15 * MINUTE);
	});

	test("where the last request before the deadline was turned down: it is looked for once more, by the deadline", async () => {
		const fates = ["never-upgrading", "done-upgrading"] as const;
		const { result, lateAt } = await play({ fates, deadlineMinutes: 3 });

		expect(result).toMatchObject({ provenance: "recovered" });
		expect(lateAt).toEqual([]);
	});

	test("whatever was answered, in any order, while lists can be read", async () => {
		const answers = FATES.filter((fate) => !fate.endsWith("throttled"));
		const drawn = fc.record({
			fates: fc.array(fc.constantFrom(...answers), { maxLength: 8 }),
			deadlineMinutes: fc.constantFrom(60, 600),
			listDelay: fc.constantFrom(0, 40 * SECOND, 120 * SECOND),
			finally: fc.constantFrom(...answers),
		});
		await fc.assert(
			fc.asyncProperty(drawn, async (scene) => {
				const played = await play(scene);
				expect(findBrokenPromise(played) ?? left(played)).toBeUndefined();
			}),
			{ numRuns: 2000 },
		);
	});
});

describe("promise 3: an old snapshot never serves", () => {
	const own = `x${runMarker("http-1", STACK)}`;
	const daysAgo = (days: number) =>
		`${Math.floor((START - days * 24 * 60 * MINUTE) / 1000).toString(16)}${"0".repeat(16)}`;

	test.each([
		["completed long ago", { id: daysAgo(40), description: own, snapshotType: "onDemand" }],
		["failed yesterday", { id: daysAgo(1), description: own, snapshotType: "onDemand", status: "failed" }],
		["scheduled", { description: own, snapshotType: "scheduled" }],
		["of another run", { description: `x${runMarker("http-2", STACK)}`, snapshotType: "onDemand" }],
		[
			"of another stack's run of the same name",
			{ description: `x${runMarker("http-1", "b")}`, snapshotType: "onDemand" },
		],
	])("one that was %s, though it bears a marker", async (_what, one) => {
		const { result, ours } = await play({ fates: ["never-lost"], planted: [one] });

		expect(result).toMatchObject({ provenance: "created", snapshot: { id: ours[0]?.id } });
	});

	test("one that bears the run's marker and is an hour old, where the function's clock is two hours behind", async () => {
		const one = { id: daysAgo(1 / 24), description: own, snapshotType: "onDemand" };
		const { result, ours } = await play({ fates: ["never-lost"], planted: [one], clockAhead: -120 * MINUTE });

		expect(result).toMatchObject({ provenance: "created", snapshot: { id: ours[0]?.id } });
	});
});

test.for<Fate>(["done-lost", "interrupted", "done-denied", "done-upgrading", "late-lost"])(
	"promise 1: a run whose clock is an hour ahead finds its own snapshot (%s)",
	async (fate) => {
		const { result, ours, asks } = await play({ fates: [fate], clockAhead: 60 * MINUTE });

		expect(result).toMatchObject({ provenance: "recovered", snapshot: { id: ours[0]?.id } });
		expect([ours, asks]).toMatchObject([{ length: 1 }, { length: 1 }]);
	},
);

test.each(["join", "wait", "skip", "fail"] as const)(
	"promise 3: %s goes by no snapshot that a list of minutes ago calls running, and that ended before the run",
	async (policy) => {
		const scene = { fates: ["never-lost"], policy, otherUntil: -100 * SECOND, listAge: 5 * MINUTE } as const;
		const { result, ours } = await play(scene);

		expect(result).toMatchObject({ provenance: "created", snapshot: { id: ours[0]?.id } });
	},
);

test.each([
	["another's description", { id: "6a7944f22c88faeba59d3572", status: "completed", description: "x" }],
	["no description, from before the run", { id: "5f0000000000000000000001", status: "completed" }],
])("promise 3: a reply that shows a snapshot with %s leaves the request in doubt", async (_what, snapshot) => {
	const request = readSnapshotRequest({ ...TARGET });
	const run: Run = { run: "http-1", trigger: "http", requestedBy: "local", request };
	const never = () => Promise.reject(new Error("not asked for here"));
	const ports: Ports = {
		...DEFAULT_PORTS,
		now: () => START,
		takeSnapshot: async () => snapshot,
		readSnapshot: never,
		listSnapshots: never,
		readCluster: never,
		listClusters: never,
		listProjects: never,
		publish: never,
	};
	const own = { marker: runMarker(run.run, STACK), startedAt: START };

	const context = { ports, run, target: TARGET } as unknown as TargetContext;
	expect(await requestSnapshot(context, own, START + MINUTE, false)).toMatchObject({
		failure: { code: "ATLAS_UNREADABLE", executed: "unknown", answered: false },
	});
});

describe("a 409 of an unknown code", () => {
	test("is no running snapshot where a look finds none: it is asked again, and skips nothing", async () => {
		const { result, asks } = await play({ fates: ["never-conflict"], policy: "skip" });

		expect(result).toMatchObject({ provenance: "created" });
		expect(asks).toHaveLength(2);
	});

	test("is one where a look finds it", async () => {
		const { result } = await play({ fates: ["never-conflict"], policy: "skip", otherUntil: 100 * SECOND });

		expect(result).toMatchObject({ state: "SKIPPED" });
	});
});

test("promise 6: what Atlas asks to wait is waited for in full, and grows where it is too short", async () => {
	const { asks } = await play({ fates: Array.from({ length: 3 }, () => "never-throttled" as const) });
	const pauses = asks.slice(1).map((at, i) => at - (asks[i] ?? 0));

	expect(Math.min(...pauses)).toBeGreaterThanOrEqual(600 * SECOND);
});

test("promise 6: Retry-After is honoured before a request in doubt is looked for", async () => {
	const { asks, looksAt } = await play({ fates: ["never-unavailable"] });

	expect((looksAt[0] ?? 0) - (asks[0] ?? 0)).toBeGreaterThanOrEqual(600 * SECOND);
});

test("promise 2: three days of refusals that pass and come back take few operations", async () => {
	const sights = Array.from({ length: 10_000 }, (_, i) => (i % 2 === 0 ? ("denied" as const) : ("seen" as const)));
	const { operations } = await play({ fates: [], finally: "never-denied", sights, deadlineMinutes: 4320 });

	expect(operations).toBeLessThanOrEqual(TARGET_OPERATIONS - 4);
});

test.each(["never-throttled", "never-lost", "never-conflict", "never-upgrading", "unsent", "interrupted"] as const)(
	"three days of %s take few operations, and nothing is asked for after them",
	async (fate) => {
		const { operations, asks, deadlineAt } = await play({ fates: [], finally: fate, deadlineMinutes: 4320 });

		expect(operations).toBeLessThanOrEqual(TARGET_OPERATIONS - 4);
		expect(Math.max(...asks)).toBeLessThan(deadlineAt);
	},
);

test("three days of lists that fail, with a request in doubt, take few operations", async () => {
	const sights = Array.from({ length: 500 }, () => "lost" as const);
	const { operations, result, lateAt, deadlineAt } = await play({ fates: ["never-lost"], sights });

	expect(result).toMatchObject({ state: "LOST" });
	expect(lateAt).toEqual([deadlineAt]);
	expect(operations).toBeLessThanOrEqual(TARGET_OPERATIONS - 4);
});
