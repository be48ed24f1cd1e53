import { describe, expect, test } from "vitest";
import type { SnapshotStateChange, State } from "../../lambda/domain/outcome.ts";
import { marker } from "../../lambda/domain/run.ts";
import { judge, type Observed } from "./judge.ts";

const change = (state: State, over: Partial<SnapshotStateChange> = {}): SnapshotStateChange => ({
	version: "1",
	state,
	provenance: "created",
	run: "http-1",
	trigger: "http",
	requestedBy: "local",
	slot: null,
	projectId: "5f0a1b2c3d4e5f6071829311",
	clusterName: "c0",
	snapshotId: "1",
	snapshot: null,
	requestedAt: "2026-10-24T02:00:00.000Z",
	expectedEndAt: null,
	endedAt: null,
	durationSeconds: null,
	reason: null,
	...over,
});
const event = (state: State, over?: Partial<SnapshotStateChange>, atlasCompleted = true) => ({
	change: change(state, over),
	atlasCompleted,
});
const ours = {
	clusterName: "c0",
	description: `campaign${marker("http-1", "atlas-snapshots")}`,
	requestedAt: 0,
	goneAt: undefined,
};
const good: Observed = {
	runs: [
		{
			run: "http-1",
			clusters: ["c0"],
			maySkip: false,
			status: "SUCCEEDED",
			error: undefined,
			reply: JSON.stringify({ targets: [{ clusterName: "c0", state: "COMPLETED" }] }),
		},
	],
	events: [event("STARTED"), event("COMPLETED")],
	snapshots: [ours, { ...ours, description: "by hand" }],
	answers: [],
	leaks: [],
};
const kinds = (over: Partial<Observed>) => judge({ ...good, ...over }).map(({ kind }) => kind);

describe("the judge of the campaign", () => {
	test("finds nothing where all went well, nor in an event that was published again", () => {
		expect(kinds({})).toEqual([]);
		expect(kinds({ events: [...good.events, event("COMPLETED", { warnings: [] })] })).toEqual([]);
	});

	test("lets a second snapshot pass only where the first had been deleted before", () => {
		const second = { ...ours, requestedAt: 100_000 };

		expect(kinds({ snapshots: [{ ...ours, goneAt: 90_000 }, second] })).toEqual([]);
		expect(kinds({ snapshots: [{ ...ours, goneAt: 110_000 }, second] })).toEqual(["duplicate"]);
	});

	const skipped = (maySkip: boolean, status: string): Partial<Observed> => ({
		runs: good.runs.map((run) => ({ ...run, maySkip, status, reply: run.reply.replace("COMPLETED", "SKIPPED") })),
		events: [event("SKIPPED")],
	});

	test("finds nothing in a run that succeeded with a target which its request lets go without a snapshot", () => {
		expect(kinds(skipped(true, "SUCCEEDED"))).toEqual([]);
	});

	test.each<[string, Partial<Observed>, string]>([
		["a run that failed by what its request allows", skipped(true, "FAILED"), "lost"],
		["a target that was skipped against its request", skipped(false, "SUCCEEDED"), "false success"],
		["a second snapshot of ours", { snapshots: [ours, ours] }, "duplicate"],
		[
			"a snapshot of a run nobody accepted",
			{ snapshots: [{ ...ours, description: "x [run:000000000000]" }] },
			"duplicate",
		],
		["two final states", { events: [...good.events, event("LOST")] }, "duplicate"],
		["a completed snapshot that Atlas does not know of", { events: [event("COMPLETED", {}, false)] }, "false success"],
		["no final state", { events: [event("STARTED")] }, "lost"],
		["a run that succeeded without its targets", { events: [event("FAILED")] }, "false success"],
		["an accepted run that never was", { answers: [{ run: "http-2", refused: false, text: "" }] }, "lost"],
		["a secret outside", { leaks: ["token (raw)"] }, "leak"],
	])("finds %s", (_what, over, kind) => {
		expect(kinds(over)).toContain(kind);
	});
});
