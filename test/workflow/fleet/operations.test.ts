import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AtlasErrorCode } from "../../../lambda/domain/error-table.ts";
import { AtlasError, type AtlasFault, ServiceError } from "../../../lambda/domain/errors.ts";
import type { SnapshotStateChange } from "../../../lambda/domain/outcome.ts";
import { readSnapshotRequest } from "../../../lambda/domain/request.ts";
import { runMarker } from "../../../lambda/domain/run.ts";
import type { Snapshot } from "../../../lambda/domain/snapshot.ts";
import {
	TARGET_OPERATIONS,
	TARGETS_PER_EXECUTION,
	WORST_CASE_OPERATIONS,
} from "../../../lambda/workflow/operations.ts";
import type { Ports } from "../../../lambda/workflow/ports.ts";
import { runTarget } from "../../../lambda/workflow/target.ts";
import { countingSteps } from "../../harness/counting-steps.ts";
import { startHarness } from "../../harness/harness.ts";
import { DEFAULT_PORTS } from "../../harness/ports.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Of an execution. @see Lambda Developer Guide, "Lambda quotas" */
const AWS_LIMIT = 3_000;
const START = Date.parse("2026-10-24T02:00:00Z");
const RUN = { run: "http-1", trigger: "http", requestedBy: "local" } as const;

const fault = (code: AtlasErrorCode, over: Partial<AtlasFault> = {}) =>
	new AtlasError({ code, blame: "transient", executed: "no", ...over }, `atlas: ${code}`);

const idAt = (at: number) =>
	`${Math.floor(at / 1000)
		.toString(16)
		.padStart(8, "0")}${"0".repeat(16)}`;

/** What Atlas and the bus do at some second of the run: an error to be thrown, or nothing. */
interface Trouble {
	readonly take?: (second: number, nth: number) => Error | undefined;
	readonly read?: (second: number) => Error | undefined;
	readonly list?: (second: number) => Error | undefined;
	readonly cluster?: () => Error;
	readonly publish?: (second: number, event: SnapshotStateChange) => Error | undefined;
	/** Others' snapshots that run at this second. */
	readonly others?: (second: number) => readonly Snapshot[];
	/** Seconds that our snapshot lasts. */
	readonly lasts?: number;
	/** Whether a request that failed was carried out all the same. */
	readonly carriedOut?: boolean;
	readonly request?: Record<string, unknown>;
	readonly firstPollSeconds?: number;
}

/** One target through its troubles, on a clock that only waits move. */
async function carryOut(trouble: Trouble) {
	const engine = countingSteps(START);
	const second = () => (engine.now() - START) / 1000;
	const published: { readonly at: number; readonly event: SnapshotStateChange }[] = [];
	const asked: number[] = [];
	const read: number[] = [];
	let ours: number | undefined;
	const check = (error: Error | undefined) => {
		if (error) throw error;
	};
	const snapshot = (requestedAt: number): Snapshot => ({
		id: idAt(requestedAt),
		status: engine.now() - requestedAt >= (trouble.lasts ?? 10 * MINUTE) * 1000 ? "completed" : "inProgress",
		snapshotType: "onDemand",
		type: "replicaSet",
		description: `x${runMarker(RUN.run, DEFAULT_PORTS.stack)}`,
	});
	const ports: Ports = {
		...DEFAULT_PORTS,
		warn: (message, _fields, isRepeated) => void (isRepeated || engine.warnings.push({ at: engine.now(), message })),
		now: engine.now,
		async takeSnapshot() {
			asked.push(second());
			const error = trouble.take?.(second(), asked.length);
			if (!error || trouble.carriedOut) ours ??= engine.now();
			check(error);
			return snapshot(ours ?? engine.now());
		},
		async readSnapshot(_target, id) {
			read.push(second());
			check(trouble.read?.(second()));
			const other = trouble.others?.(second()).find((candidate) => candidate.id === id);
			if (other) return other;
			return ours !== undefined && id === idAt(ours) ? snapshot(ours) : { id, status: "completed" };
		},
		async listSnapshots() {
			check(trouble.list?.(second()));
			return [...(trouble.others?.(second()) ?? []), ...(ours === undefined ? [] : [snapshot(ours)])];
		},
		async readCluster() {
			check(trouble.cluster?.());
			return { name: "c" };
		},
		listClusters: async () => [],
		listProjects: async () => [],
		async publish(event) {
			check(trouble.publish?.(second(), event));
			published.push({ at: second(), event });
		},
	};
	const target = { projectId: "32b6e34b3d91647abb20e7b8", clusterName: "c" };
	const request = readSnapshotRequest({ ...target, deadlineMinutes: 60, minimumAgeMinutes: 30, ...trouble.request });
	const defects: unknown[] = [];
	const end = await runTarget({
		...{ ports, steps: engine, run: { ...RUN, request }, target, startedAt: START },
		firstPollSeconds: trouble.firstPollSeconds ?? 15,
		onDefect: (error) => void defects.push(error),
	}).catch((error: unknown) => error);
	expect(defects).toEqual([]);
	const states = published.map(({ event }) => event.state);
	return { operations: engine.operations(), states, published, asked, read, warnings: engine.warnings, end };
}

const bus = () => new ServiceError("PUBLISH_FAILED", "event bus: refused", { transient: true });
const noReply = () => fault("ATLAS_NO_REPLY", { executed: "unknown" });
const throttled = (retryAfterSeconds?: number) => () => fault("ATLAS_RATE_LIMITED", { retryAfterSeconds });
const refused = () => fault("ATLAS_KEY_REFUSED", { status: 401, blame: "user" });
const conflict = () => fault("ATLAS_SNAPSHOT_RUNNING", { status: 409, blame: "transient" });
const lostOnce = (_second: number, nth: number) => (nth === 1 ? noReply() : undefined);
const conflictFor = (seconds: number) => (second: number) => (second < seconds ? conflict() : undefined);
const THREE_DAYS = { deadlineMinutes: 3 * 24 * 60 };
/** Snapshots of others that follow each other, each of so many seconds. */
const othersOf = (seconds: number) => (second: number) => {
	const begun = Math.floor(second / seconds) * seconds;
	return [{ id: idAt(START + begun * 1000 + 1000), status: "inProgress", snapshotType: "onDemand" }];
};

const PATHS: Readonly<Record<string, Trouble>> = {
	"followed for three days": { lasts: 9 * DAY },
	"followed for three days after a lost reply": {
		lasts: 9 * DAY,
		take: lostOnce,
	},
	"every poll fails": { lasts: 9 * DAY, read: () => fault("ATLAS_FAULT") },
	"every poll is throttled, for a second": { lasts: 9 * DAY, read: throttled(1) },
	"every poll is throttled, for an hour": { lasts: 9 * DAY, read: throttled(3600) },
	"in doubt, with lists that fail": { take: noReply, list: () => fault("ATLAS_FAULT") },
	"in doubt, with lists that fail and a bus that refuses": {
		take: noReply,
		list: () => fault("ATLAS_FAULT"),
		publish: (second) => (second < 3 * DAY ? bus() : undefined),
	},
	"in doubt, with lists that fail until it is found after a day, and lasts": {
		take: noReply,
		carriedOut: true,
		lasts: 9 * DAY,
		list: (second) => (second < DAY ? fault("ATLAS_FAULT") : undefined),
	},
	"in doubt again and again": { take: noReply, request: THREE_DAYS },
	"in doubt again and again, and a bus that refuses at the deadline": {
		take: noReply,
		request: THREE_DAYS,
		publish: (second) => (second > 2 * DAY && second < 3 * DAY + HOUR ? bus() : undefined),
	},
	"throttled to a deadline of three days": { take: throttled(), request: THREE_DAYS },
	"throttled to a deadline of three days, for a second each": { take: throttled(1), request: THREE_DAYS },
	"throttled to a deadline of three days, for five minutes each": { take: throttled(300), request: THREE_DAYS },
	"throttled for two days, then followed": {
		take: (second) => (second < 2 * DAY ? throttled(1)() : undefined),
		lasts: 9 * DAY,
		request: THREE_DAYS,
	},
	"throttled for three days, then refused, and its cluster can't be read": {
		take: (second) => (second < 3 * DAY - 10 * MINUTE ? throttled(1)() : fault("ATLAS_BAD_REQUEST", { blame: "user" })),
		cluster: refused,
		request: THREE_DAYS,
	},
	"refused for good, and its cluster can't be read": {
		take: () => fault("ATLAS_FORBIDDEN", { status: 403, blame: "user", executed: "unknown" }),
		cluster: refused,
	},
	"others' snapshots without end, each of five minutes": {
		take: conflict,
		others: othersOf(5 * MINUTE),
		request: { ...THREE_DAYS, onConflict: "wait" },
	},
	"others' snapshots without end, each of ten seconds": {
		take: conflict,
		others: othersOf(10),
		request: { ...THREE_DAYS, onConflict: "wait" },
	},
	"conflicts whose cause is never seen": { take: conflict, request: { ...THREE_DAYS, onConflict: "wait" } },
	"a bus that refuses everything for three days": { publish: (second) => (second < 3 * DAY ? bus() : undefined) },
	"a bus that refuses after three days of following": {
		lasts: 9 * DAY,
		publish: (second) => (second > 2 * DAY && second < 4 * DAY ? bus() : undefined),
	},
	"a bus that never takes the end": { lasts: 9 * DAY, publish: bus },
};

describe("2.1: a target's worst three days stay within 110 operations", () => {
	test.each(Object.entries(PATHS))("%s", async (_what, trouble) => {
		for (const firstPollSeconds of [1, 15, 60]) {
			const { operations, states } = await carryOut({ ...trouble, firstPollSeconds });

			expect(operations).toBeLessThanOrEqual(WORST_CASE_OPERATIONS.target - WORST_CASE_OPERATIONS.invocationRetries);
			const finals = states.filter((state) => state !== "STARTED" && state !== "LATE");
			expect(finals).toHaveLength(trouble.publish === bus ? 0 : 1);
		}
	});

	test("and so does any mixture of them", async () => {
		const hours = fc.integer({ min: 0, max: 72 });
		const error = fc.constantFrom(noReply, throttled(1), throttled(600), conflict, () => fault("ATLAS_FAULT"));
		const spell = fc.array(fc.record({ from: hours, error }), { maxLength: 6 });
		const during = (spells: readonly { readonly from: number; readonly error: () => Error }[]) => (second: number) =>
			spells.findLast(({ from }) => second >= from * HOUR && second < (from + 12) * HOUR)?.error();
		await fc.assert(
			fc.asyncProperty(spell, spell, spell, hours, hours, fc.boolean(), async (take, read, list, lasts, down, wait) => {
				const { operations } = await carryOut({
					take: during(take),
					read: during(read),
					list: during(list),
					lasts: lasts * HOUR,
					publish: (second) => (second > down * HOUR && second < (down + 20) * HOUR ? bus() : undefined),
					others: (second) => (second % 7000 < 3000 ? othersOf(900)(second) : []),
					request: { ...(wait ? { onConflict: "wait" } : {}), ...THREE_DAYS },
				});
				expect(operations).toBeLessThanOrEqual(WORST_CASE_OPERATIONS.target - WORST_CASE_OPERATIONS.invocationRetries);
			}),
			{ numRuns: 300 },
		);
	});

	test("a full execution stays within AWS's limit when each of its targets has its worst", () => {
		expect(TARGET_OPERATIONS).toBeLessThanOrEqual(110);
		expect(WORST_CASE_OPERATIONS.own + TARGETS_PER_EXECUTION * WORST_CASE_OPERATIONS.target).toBeLessThanOrEqual(
			AWS_LIMIT,
		);
		expect(TARGETS_PER_EXECUTION).toBeGreaterThanOrEqual(25);
	});

	test("and by the history of AWS's own runner", async () => {
		await using harness = await startHarness({
			atlas: { snapshotSeconds: 9 * DAY },
			env: { FIRST_POLL_SECONDS: "15" },
		});

		// One target: among several, the runner with skipped time checks conditions more often than they ask for.
		const { status, history } = await harness.runRequest({ clusters: ["prod-a"] });
		const begun = history.map((event) => Object(event)["EventType"]).filter((type) => /Started$/.test(type)).length;

		expect(status).toBe("FAILED");
		expect(begun).toBeLessThanOrEqual(WORST_CASE_OPERATIONS.target);
	});
});

describe("4.1: a bus that refuses does not stop the polls", () => {
	test("STARTED and LATE come as soon as it takes them, in order, and the end is noticed as ever", async () => {
		const { published, read } = await carryOut({
			lasts: 10 * HOUR,
			publish: (second) => (second < 5 * HOUR ? bus() : undefined),
		});

		expect(published.map(({ event }) => event.state)).toEqual(["STARTED", "LATE", "COMPLETED"]);
		expect(published[0]?.at).toBeLessThan(5 * HOUR * 1.1);
		expect(published.at(-1)?.at).toBeLessThan(10 * HOUR * 1.1);
		expect(read.filter((second) => second < 5 * HOUR).length).toBeGreaterThan(40);
	});

	test("nor the lookups of a request in doubt: LATE comes at one of them, once", async () => {
		const { published, asked } = await carryOut({
			take: noReply,
			publish: (second) => (second < HOUR + 30 ? bus() : undefined),
		});

		expect(published.map(({ event }) => event.state)).toEqual(["LATE", "REFUSED"]);
		expect(published[0]?.at).toBeLessThanOrEqual(HOUR + 3 * MINUTE);
		expect(Math.max(...asked)).toBeLessThan(HOUR);
	});

	test("the end is offered until the bus takes it, once", async () => {
		const { published } = await carryOut({ publish: (second) => (second < 5 * HOUR ? bus() : undefined) });

		expect(published.map(({ event }) => event.state)).toEqual(["COMPLETED"]);
		expect(published[0]?.at).toBeLessThan(5 * HOUR * 1.4);
	});

	test("a bus that is dead for good fails the run: then the platform's alarm tells", async () => {
		const { end } = await carryOut({ publish: bus });

		expect(end).toMatchObject({ name: "PUBLISH_FAILED" });
	});
});

describe("3.1: waits are cut at the deadline", () => {
	test.each([
		["followed", { lasts: 9 * DAY }],
		["every poll fails", { lasts: 9 * DAY, read: () => fault("ATLAS_FAULT") }],
		["every poll is throttled, for a day", { lasts: 9 * DAY, read: throttled(DAY) }],
		["in doubt", { take: noReply, list: () => fault("ATLAS_FAULT") }],
		[
			"in doubt and throttled, for a day",
			{ take: noReply, list: (second: number) => (second > 0 ? throttled(DAY)() : undefined) },
		],
	] as const)("LATE comes within a minute of it: %s", async (_what, trouble) => {
		for (const deadlineMinutes of [5, 60, 700, 2900]) {
			const { published } = await carryOut({ ...trouble, request: { deadlineMinutes } });
			const late = published.filter(({ event }) => event.state === "LATE");

			expect(late).toHaveLength(1);
			expect(late[0]?.at).toBeGreaterThanOrEqual(deadlineMinutes * MINUTE);
			expect(late[0]?.at).toBeLessThanOrEqual((deadlineMinutes + 1) * MINUTE);
		}
	});

	test("REFUSED comes at once where Atlas wants no request until after it, and none was sent", async () => {
		const { published, asked } = await carryOut({ take: noReply, list: throttled(DAY) });

		expect(published).toMatchObject([{ at: 0, event: { state: "REFUSED", reason: { code: "ATLAS_RATE_LIMITED" } } }]);
		expect(asked).toEqual([]);
	});

	test.each([
		["throttled", { take: throttled(30) }],
		["throttled, for a day", { take: throttled(DAY) }],
		["others' snapshots without end", { take: conflict, others: othersOf(300), request: { onConflict: "wait" } }],
		["another's snapshot without end", { take: conflict, others: othersOf(9 * DAY), request: { onConflict: "wait" } }],
		["conflicts whose cause is never seen", { take: conflict, request: { onConflict: "wait" } }],
	] as const)("nothing is asked for after it, and REFUSED comes by a minute after it: %s", async (_what, trouble) => {
		for (const deadlineMinutes of [5, 60, 700, 2900]) {
			const { published, asked } = await carryOut({
				...trouble,
				request: { ...("request" in trouble ? trouble.request : {}), deadlineMinutes },
			});

			expect(published.map(({ event }) => event.state)).toEqual(["REFUSED"]);
			expect(published[0]?.at).toBeLessThanOrEqual((deadlineMinutes + 1) * MINUTE);
			expect(Math.max(...asked)).toBeLessThan(deadlineMinutes * MINUTE);
		}
	});
});

describe("promise 4: the longest deadline leaves time for LATE and for the end", () => {
	test("where the snapshot was asked for in its last minutes", async () => {
		const { published } = await carryOut({
			take: (second) => (second < 3 * DAY - 3 * MINUTE ? throttled(60)() : undefined),
			lasts: 4 * HOUR,
			request: THREE_DAYS,
		});

		expect(published.map(({ event }) => event.state)).toEqual(["STARTED", "LATE", "COMPLETED"]);
		expect(published[1]?.at).toBeLessThanOrEqual(3 * DAY + MINUTE);
	});

	test("where it never ends: half a day later", async () => {
		const { published } = await carryOut({ lasts: 9 * DAY, request: THREE_DAYS });

		expect(published.map(({ event }) => event.state)).toEqual(["STARTED", "LATE", "LOST"]);
		expect(published[2]?.at).toBeGreaterThanOrEqual(3.5 * DAY);
		expect(published[2]?.event.reason?.message).toContain("84 hours");
	});
});

describe("2.4: Retry-After is never undercut, by the deadline neither", () => {
	test.each([1, 90, 3000, 40_000, 90_000])("of %i seconds, to a poll", async (seconds) => {
		const { read } = await carryOut({ lasts: 9 * DAY, read: throttled(seconds) });
		const gaps = read.slice(1).map((at, index) => at - (read[index] ?? 0));

		expect(Math.min(...gaps)).toBeGreaterThanOrEqual(seconds);
	});

	test.each([1, 90, 3000, 40_000])("of %i seconds, to a request", async (seconds) => {
		const { asked } = await carryOut({ take: throttled(seconds), request: THREE_DAYS });
		const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));

		expect(Math.min(...gaps)).toBeGreaterThanOrEqual(seconds);
	});

	test("one beyond every limit ends at the hard limit", async () => {
		const { published } = await carryOut({ lasts: 9 * DAY, read: throttled(1e12) });

		expect(published.at(-1)).toMatchObject({ event: { state: "LOST" } });
		expect(published.at(-1)?.at).toBeLessThanOrEqual(3 * DAY + MINUTE);
	});
});

describe("4.3: trouble is in the log", () => {
	test.each([
		["polls that fail", { lasts: 5 * HOUR, read: () => fault("ATLAS_FAULT") }],
		["requests that fail", { take: throttled(1) }],
		["a request in doubt", { take: noReply, list: () => fault("ATLAS_FAULT") }],
		[
			"a reply that is lost, and polls that fail",
			{ take: lostOnce, carriedOut: true, lasts: 5 * HOUR, read: () => fault("ATLAS_FAULT") },
		],
		[
			"others' snapshots whose polls fail",
			{
				take: conflictFor(2 * HOUR),
				others: othersOf(HOUR),
				read: (second: number) => (second % HOUR < 1800 ? fault("ATLAS_FAULT") : undefined),
				lasts: 5 * HOUR,
				request: { ...THREE_DAYS, onConflict: "wait" },
			},
		],
	] as const)("%s: with a warning, at most one in five minutes, whatever is done", async (_what, trouble) => {
		const { warnings } = await carryOut(trouble);
		const gaps = warnings.slice(1).map(({ at }, index) => at - (warnings[index]?.at ?? 0));

		expect(warnings[0]?.at).toBeLessThanOrEqual(START + 5 * MINUTE * 1000);
		expect(warnings.length).toBeGreaterThan(3);
		expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5 * MINUTE * 1000);
	});

	test.each([
		["rejected a call", { take: conflictFor(HOUR), request: { onConflict: "wait" } }],
		["a request is in doubt", { take: lostOnce }],
		["does not answer", { take: () => fault("ATLAS_UNREACHABLE") }],
	] as const)("that says what happened: %s", async (words, trouble) => {
		const { warnings } = await carryOut(trouble);

		expect(warnings[0]?.message).toContain(words);
	});

	test("not where all is well", async () => {
		expect((await carryOut({ lasts: 5 * HOUR })).warnings).toEqual([]);
	});
});
