import type { Event } from "@aws-sdk/client-lambda";
import { afterEach, describe, expect, test } from "vitest";
import { takeSnapshot } from "../../local/atlas/index.ts";
import type { DurableHandler } from "../../local/aws/engine.ts";
import { countHistory } from "../../local/bench/counted.ts";
import { type Harness, startHarness } from "../harness/harness.ts";

const MINUTE = 60;
let harness: Harness;
let processes = 0;
afterEach(() => harness[Symbol.asyncDispose]());

/** The cluster's earlier snapshots, which took so many seconds each, and are long over. */
async function openWithHistory(durations: readonly number[], options: Parameters<typeof startHarness>[0] = {}) {
	harness = await startHarness({ env: { FIRST_POLL_SECONDS: "15" }, ...options });
	const { state, projectId } = harness.atlas;
	for (const seconds of durations) {
		takeSnapshot(state, state.cluster(projectId, "prod-a"), { retentionInDays: 30, plan: { seconds } });
		state.advance(86_400);
	}
}

const plan = (seconds: number, ending: "completed" | "failed" = "completed") =>
	void harness.atlas.state.cluster(harness.atlas.projectId, "prod-a").nextPlans.push({ seconds, ending });
const take = (request: Record<string, unknown> = {}) => harness.runRequest({ clusters: ["prod-a"], ...request });
/** Requests of a kind, until the first poll. */
const listsBeforePolls = () => {
	const kinds = harness.atlas.log.map(({ kind }) => kind);
	return kinds.slice(0, kinds.indexOf("get")).filter((kind) => kind === "list").length;
};
const secondsBetween = (from: string, to: string | null) => (Date.parse(to ?? "") - Date.parse(from)) / 1000;
const published = (state: string) => harness.published().find((event) => event.state === state);

describe("a snapshot whose earlier ones tell how long it takes", () => {
	test("is told with the end that is expected, and polled around it, in no more operations than without", async () => {
		await openWithHistory([1180, 1200, 1230]);
		plan(1210);
		const learned = await take();
		const polls = countHistory(learned.history as readonly Event[]);
		const started = published("STARTED");

		expect(secondsBetween(started?.requestedAt ?? "", started?.expectedEndAt ?? null)).toBe(1200);
		expect(harness.published().map(({ state, expectedEndAt }) => [state, expectedEndAt])).toEqual([
			["STARTED", started?.expectedEndAt],
			["COMPLETED", started?.expectedEndAt],
		]);
		expect(published("COMPLETED")?.durationSeconds).toBeLessThan(1210 * 1.1);
		expect(polls.polls).toBeLessThanOrEqual(14);
		expect(listsBeforePolls()).toBe(1);

		await harness[Symbol.asyncDispose]();
		await openWithHistory([]);
		plan(1210);
		const unknown = countHistory((await take()).history as readonly Event[]);

		expect(published("STARTED")?.expectedEndAt).toBeNull();
		expect(unknown.operations - unknown.polls).toBe(polls.operations - polls.polls);
		expect(unknown.polls).toBeGreaterThan(2 * polls.polls);
	});

	test.each([
		["minimumAgeMinutes looked through the list already", { minimumAgeMinutes: 60 }],
		["the reply was lost, and the marker was looked for", {}],
	])("is listed once, where %s", async (_what, request) => {
		await openWithHistory([1180, 1200, 1230]);
		if (!("minimumAgeMinutes" in request)) {
			harness.atlas.faults.add({ on: { kind: "take", times: 1 }, do: { type: "drop", when: "after" } });
		}
		plan(1210);
		await take(request);

		expect(published("COMPLETED")?.expectedEndAt).not.toBeNull();
		expect(listsBeforePolls()).toBe(1);
	});

	test("that lasts past the deadline is LATE with what was expected, and slow with a warning, in both events", async () => {
		await openWithHistory([1180, 1200, 1230]);
		plan(3 * 3600);
		await take({ deadlineMinutes: 60 });
		const slow = [expect.objectContaining({ code: "SLOWER_THAN_USUAL" })];

		expect(published("LATE")).toMatchObject({
			reason: {
				code: "DEADLINE",
				message:
					"not ended within 60 minutes; earlier snapshots of this cluster took about 20 minutes; polling goes on",
			},
			warnings: slow,
			expectedEndAt: published("STARTED")?.expectedEndAt,
		});
		expect(published("COMPLETED")).toMatchObject({ warnings: slow });
		expect(published("COMPLETED")?.durationSeconds).toBeLessThan(3 * 3600 * 1.1);
	});

	test("that ends far earlier or fails is noticed within its own duration again", async () => {
		await openWithHistory([3500, 3600, 3700]);
		plan(200);
		await take();
		plan(300, "failed");
		await take();

		expect(published("COMPLETED")?.durationSeconds).toBeLessThanOrEqual(400);
		expect(published("FAILED")?.durationSeconds).toBeLessThanOrEqual(600);
		expect(published("COMPLETED")).not.toHaveProperty("warnings");
	});

	test("and that is adopted counts from its own request", async () => {
		await openWithHistory([1180, 1200, 1230]);
		const { state, projectId } = harness.atlas;
		const other = takeSnapshot(state, state.cluster(projectId, "prod-a"), {
			retentionInDays: 30,
			plan: { seconds: 1210 },
		});
		state.advance(10 * MINUTE);
		await take({ onConflict: "join" });
		const started = published("STARTED");

		expect(started?.provenance).toBe("adopted");
		expect(Date.parse(started?.expectedEndAt ?? "") / 1000).toBe(Math.floor(other.requestedAt / 1000) + 1200);
	});
});

describe("no prediction is made, and no run fails, where", () => {
	test.each([
		["the list is refused", { type: "status", status: 500 }],
		["the list is throttled", { type: "status", status: 429, retryAfter: 60 }],
		["the list breaks off", { type: "drop", when: "before" }],
		["the list is no list", { type: "garbage" }],
	] as const)("%s", async (_what, fault) => {
		await openWithHistory([1180, 1200, 1230]);
		harness.atlas.faults.add({ on: { kind: "list", times: "always" }, do: fault });
		plan(300);
		const { status } = await take();

		expect(status).toBe("SUCCEEDED");
		expect(harness.published().map(({ state, expectedEndAt }) => [state, expectedEndAt])).toEqual([
			["STARTED", null],
			["COMPLETED", null],
		]);
		expect(published("COMPLETED")?.durationSeconds).toBeLessThan(345);
	});

	test.each([
		["the next poll waits as long as Atlas asks", {}, "get"],
		["the request itself waits as long as Atlas asks", { minimumAgeMinutes: 60 }, "take"],
	])("the list is throttled: %s, though every invocation is a new process", async (_what, request, next) => {
		const before = processes;
		const handler = async (...given: Parameters<DurableHandler>) => {
			const path = `../../lambda/handlers/snapshot.ts?process=${processes++}`;
			return ((await import(path)) as { handler: DurableHandler }).handler(...given);
		};
		await openWithHistory([1180, 1200, 1230], { handler: async () => handler });
		harness.atlas.faults.add({ on: { kind: "list", times: 1 }, do: { type: "status", status: 429, retryAfter: 120 } });
		plan(300);
		const { status, history } = await take(request);
		const kinds = harness.atlas.log.map(({ kind }) => kind);
		const refused = harness.atlas.log[kinds.indexOf("list")];
		const after = harness.atlas.log.slice(kinds.indexOf("list") + 1).filter(
			// The list of sharded snapshots is asked for beside the one of replica sets.
			({ status, kind }) => status !== 401 && kind !== "listSharded",
		);

		expect(status).toBe("SUCCEEDED");
		expect(processes - before).toBeGreaterThan(2);
		expect(after[0]?.kind).toBe(next);
		// The request's wait is a durable one: the next process would know nothing of one in memory.
		expect(JSON.stringify(history).includes('"before-asking"')).toBe(next === "take");
		expect((after[0]?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(120_000);
	});

	test("the list may not be read again before the deadline: nothing is asked for, and it is said at once", async () => {
		await openWithHistory([]);
		harness.atlas.faults.add({ on: { kind: "list", times: 1 }, do: { type: "status", status: 429, retryAfter: 7200 } });
		const { status } = await take({ minimumAgeMinutes: 60, deadlineMinutes: 60 });

		expect(status).toBe("FAILED");
		expect(harness.published().map(({ state, reason }) => [state, reason?.code])).toEqual([
			["REFUSED", "ATLAS_RATE_LIMITED"],
		]);
		expect(published("REFUSED")?.durationSeconds).toBeLessThan(60);
	});

	test("it is the first snapshot ever, or the second", async () => {
		await openWithHistory([]);
		plan(300);
		await take();
		plan(300);
		await take();

		expect(harness.published().map(({ expectedEndAt }) => expectedEndAt)).toEqual([null, null, null, null]);
	});
});

test("a history that misleads costs polls, never truth: completed is said after Atlas said so", async () => {
	await openWithHistory([120, 125, 130]);
	plan(2 * 3600);
	const { status } = await take({ deadlineMinutes: 600 });

	expect(status).toBe("SUCCEEDED");
	expect(published("COMPLETED")?.durationSeconds).toBeGreaterThanOrEqual(2 * 3600);
	expect(published("COMPLETED")?.durationSeconds).toBeLessThanOrEqual(2 * 3600 * 1.1);
	expect(published("COMPLETED")?.warnings?.map(({ code }) => code)).toContain("SLOWER_THAN_USUAL");
});

test("sharded clusters tell how long they take as well", async () => {
	await openWithHistory([], { atlas: { projects: [{ clusters: [{ name: "prod-a", kind: "sharded" }] }] } });
	const { state, projectId } = harness.atlas;
	for (const seconds of [600, 620]) {
		takeSnapshot(state, state.cluster(projectId, "prod-a"), { retentionInDays: 5, plan: { seconds } });
		state.advance(86_400);
	}
	plan(615);
	await take();
	const started = published("STARTED");

	expect(secondsBetween(started?.requestedAt ?? "", started?.expectedEndAt ?? null)).toBe(610);
});
