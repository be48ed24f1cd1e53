import { describe, expect, test } from "vitest";
import type { SnapshotStateChange, State } from "../../../lambda/domain/outcome.ts";
import { judge } from "../../../local/faults/judge.ts";
import type { Observed, ObservedEvent, ObservedRequest, ObservedSnapshot } from "../../../local/faults/observed.ts";

const MINUTE = 60_000;

const change = (state: State, over: Partial<SnapshotStateChange> = {}): SnapshotStateChange =>
	({ state, provenance: "created", run: "r", clusterName: "c0", snapshotId: "1", reason: null, ...over }) as never;
const event = (state: State, at: number, over: Partial<SnapshotStateChange> = {}, atlasStatus = "completed") =>
	({ at, change: change(state, over), atlasStatus }) satisfies ObservedEvent;
const ours: ObservedSnapshot = {
	id: "1",
	clusterName: "c0",
	description: "campaign 0-0 [run:0123456789abcdef]",
	requestedAt: 0,
	endsAt: 10 * MINUTE,
	ending: "completed",
	snapshotType: "onDemand",
	planted: false,
};
const theirs: ObservedSnapshot = { ...ours, id: "2", description: "by hand", planted: true };
const take: ObservedRequest = {
	method: "POST",
	path: "/groups/1/clusters/c0/backup/snapshots",
	query: "",
	status: 200,
	kind: "take",
	operation: "take",
	cluster: "c0",
	scheme: "digest",
	at: 0,
	endedAt: 0,
	retryAfter: null,
	port: 1,
	executed: true,
	process: 1,
};
const reply = (state: string) => JSON.stringify({ targets: [{ clusterName: "c0", state }] });
const run = {
	run: "r",
	description: "campaign 0-0",
	acceptedAt: 0,
	startedAt: 0,
	endedAt: 11 * MINUTE,
	status: "SUCCEEDED",
	error: undefined,
	reply: reply("COMPLETED"),
};
const accepted = { description: "campaign 0-0", run: "r", refused: false, forbidden: false, text: "" };
const wanted = { selection: "named", onConflict: "join", minimumAgeMinutes: null, deadlineMinutes: 30 } as const;
const good: Observed = {
	runs: [run],
	clusters: [{ name: "c0", state: "ready" }],
	wanted,
	events: [event("STARTED", 1000), event("COMPLETED", 11 * MINUTE)],
	snapshots: [ours, theirs],
	requests: [take],
	answers: [],
	leaks: [],
	troubles: [],
	listDelay: 0,
	skew: 0,
	operations: [20],
};
const kinds = (over: Partial<Observed>) => judge({ ...good, ...over }).map(({ kind }) => kind);
const ended = (state: State, over: Partial<SnapshotStateChange> = {}, atlasStatus?: string): Partial<Observed> => ({
	events: [event(state, 11 * MINUTE, over, atlasStatus)],
	runs: [
		{ ...run, status: state === "COMPLETED" || state === "SKIPPED" ? "SUCCEEDED" : "FAILED", reply: reply(state) },
	],
});
const none = { snapshotId: null, provenance: null };

describe("the judge of the campaign", () => {
	test("finds nothing where all went well, nor in an event that was published again", () => {
		expect(kinds({})).toEqual([]);
		expect(kinds({ events: [...good.events, event("COMPLETED", 12 * MINUTE, { warnings: [] })] })).toEqual([]);
	});

	test("lets a second snapshot pass only where the first had been deleted before", () => {
		const [first, second] = [
			{ ...ours, ending: "vanished" },
			{ ...ours, id: "3", requestedAt: 100_000 },
		];
		const events = [event("COMPLETED", 11 * MINUTE, { snapshotId: "3" })];

		expect(kinds({ events, snapshots: [{ ...first, endsAt: 90_000 }, second] })).toEqual([]);
		expect(kinds({ events, snapshots: [{ ...first, endsAt: 110_000 }, second] })).toEqual(["duplicate"]);
	});

	test("lets a target be told late where the function could not run, or the bus not be reached, in time", () => {
		const late = { events: [event("COMPLETED", 100 * MINUTE)] };
		const trouble = { what: "platform", from: 10 * MINUTE, to: 95 * MINUTE } as const;

		expect(kinds(late)).toEqual(["late notice", "late notice"]);
		expect(kinds({ ...late, troubles: [trouble] })).toEqual([]);
		expect(kinds({ ...late, troubles: [{ ...trouble, what: "atlas" }] })).toEqual(["late notice"]);
	});

	test("lets a snapshot whose reply was lost be told late only where lists did not show it", () => {
		const found = { events: [event("COMPLETED", 14 * MINUTE, { provenance: "recovered" })] };

		expect(kinds(found)).toEqual(["late notice"]);
		expect(kinds({ ...found, listDelay: 13 * MINUTE })).toEqual([]);
	});

	test("lets a run note its start late only where the function could not run", () => {
		const runs = [{ ...run, startedAt: 5 * MINUTE }];

		expect(kinds({ runs })).toEqual(["late notice"]);
		expect(kinds({ runs, troubles: [{ what: "platform", from: 0, to: 5 * MINUTE }] })).toEqual([]);
	});

	test("lets another's snapshot be adopted that was still running, and none of the past", () => {
		const adopted = ended("COMPLETED", { snapshotId: "2", provenance: "adopted" });

		expect(kinds({ ...adopted, snapshots: [theirs] })).toEqual([]);
		expect(kinds({ ...adopted, snapshots: [{ ...theirs, endsAt: -6 * MINUTE }] })).toContain("false success");
		expect(kinds({ ...adopted, snapshots: [{ ...theirs, snapshotType: "scheduled" }] })).toContain("false success");
	});

	test.each<[string, Partial<Observed>, string]>([
		["a second snapshot of ours", { snapshots: [ours, { ...ours, id: "3" }] }, "duplicate"],
		["a snapshot that nobody asked for", { snapshots: [ours, { ...ours, description: "other [run:1]" }] }, "duplicate"],
		["two runs of one trigger", { runs: [run, { ...run, run: "q" }] }, "duplicate"],
		["two final states", { events: [...good.events, event("LOST", 12 * MINUTE)] }, "duplicate"],
		["an event of a run that nobody accepted", { runs: [] }, "duplicate"],
		["a caller that was let in against the limits", { answers: [{ ...accepted, forbidden: true }] }, "duplicate"],
		["completed, where Atlas did not say so", ended("COMPLETED", {}, "inProgress"), "false success"],
		["failed, where Atlas did not say so", ended("FAILED", {}, "inProgress"), "lost"],
		["lost, where Atlas has it", ended("LOST", {}, "inProgress"), "lost"],
		["a snapshot of ours that is forgotten", ended("REFUSED", none), "lost"],
		["another's that is called ours", ended("COMPLETED", { snapshotId: "2" }), "false success"],
		["a target that was skipped against its request", { ...ended("SKIPPED", none), snapshots: [] }, "lost"],
		["no final state", { events: [event("STARTED", 0)] }, "lost"],
		["no final state where no execution failed", { events: [event("STARTED", 0)] }, "unheard"],
		["a run that succeeded without its targets", { ...ended("FAILED", {}, "failed"), runs: [run] }, "false success"],
		["an accepted run that never was", { answers: [{ ...accepted, run: "q" }] }, "lost"],
		["a caller that was refused what is allowed", { answers: [{ ...accepted, refused: true }] }, "lost"],
		["a caller that was given another's run", { answers: [{ ...accepted, description: "campaign 0-1" }] }, "lost"],
		["a secret outside", { leaks: ["token (raw)"] }, "leak"],
		["a POST after the deadline", { requests: [{ ...take, at: 32 * MINUTE }] }, "late ask"],
		["an end that is told too late", { events: [event("COMPLETED", 13 * MINUTE)] }, "late notice"],
		[
			"a request before the time that Atlas asked to wait is over",
			{
				requests: [
					{ ...take, status: 429, retryAfter: 60 },
					{ ...take, at: 50_000 },
				],
			},
			"undercut retry-after",
		],
		["an execution that outgrows AWS's limit", { operations: [3_001] }, "operations exceeded"],
	])("finds %s", (_what, over, kind) => {
		expect(kinds(over)).toContain(kind);
	});
});
