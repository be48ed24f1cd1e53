import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { snapshotDescription as describeSnapshot } from "../../lambda/domain/run.ts";
import { takeSnapshot } from "../../local/atlas/index.ts";
import {
	type Checkpoint,
	continueFrom,
	type History,
	type HistoryHarness,
	RUN,
	record,
	recordRun,
	startHistoryHarness,
} from "./fixtures/history.ts";
import stored from "./fixtures/history-1.json" with { type: "json" };

/**
 * A file for the history of today's version: `RECORD_HISTORY=FILE npx vitest run test/workflow/versions.test.ts`. A history
 * that is kept is never recorded again: it stands for the runs that are under way when a new version is deployed.
 */
const RECORD_TO = process.env["RECORD_HISTORY"];

// Its JSON is what the SDK's own types describe.
const history = stored as unknown as History;
const { checkpoints, run, snapshot } = history;

let harness: HistoryHarness;
beforeAll(async () => {
	harness = await startHistoryHarness();
});
afterAll(async () => {
	await harness[Symbol.asyncDispose]();
});

const started = (upTo: readonly Checkpoint[], name: string) =>
	upTo.flatMap(({ updates }) => updates).filter(({ Name, Action }) => Name === name && Action === "START").length;
const ended = (upTo: readonly Checkpoint[], name: string) =>
	upTo.flatMap(({ updates }) => updates).filter(({ Name, Action }) => Name === name && Action === "SUCCEED").length;

/** Atlas as it was at that checkpoint. */
async function goOn(upTo: readonly Checkpoint[]) {
	const at = upTo.at(-1)?.at ?? 0;
	const { state } = harness.atlas;
	const cluster = state.cluster(RUN.projectId, RUN.clusterName);
	cluster.plan = { seconds: RUN.seconds };
	cluster.snapshots = [];
	const before = harness.aws.events.length;
	// The request leaves once its start is known to the engine; the first one met a conflict.
	if (started(upTo, "take-snapshot") >= 2) {
		const description = describeSnapshot(run.run, "atlas-snapshots", run.request);
		const taken = takeSnapshot(state, cluster, { description, retentionInDays: 7 });
		cluster.snapshots.splice(0, 1, { ...taken, ...snapshot });
	}
	// The execution started at its first checkpoint.
	harness.setTime(upTo[0]?.at ?? 0);
	const { status, error } = await harness.carryOut(
		run,
		continueFrom(upTo, () => harness.setTime(at)),
	);
	const states = harness.aws.events.slice(before).map(({ detail }) => (detail as unknown as SnapshotStateChange).state);
	const ours = cluster.snapshots.filter(({ description }) => description?.includes("[run:"));
	return { status, error, states, ours };
}

describe("a run that an older version began is ended by this one", () => {
	const labels = checkpoints.map(({ updates }, index) => {
		const names = updates.map(({ Name, Action }) => `${Name} ${Action}`).join(", ");
		return `request ${started(checkpoints.slice(0, index + 1), "take-snapshot")}: ${names}`;
	});
	// Of looks that are alike the first one stands for all.
	const points = labels.flatMap((label, index) =>
		labels.indexOf(label) === index ? [[label, index + 1] as const] : [],
	);

	test.each(points)("after %s", async (_label, point) => {
		const upTo = checkpoints.slice(0, point);

		const { status, error, states, ours } = await goOn(upTo);

		expect({ status, error }).toEqual({ status: "SUCCEEDED", error: undefined });
		expect(ours).toHaveLength(1);
		// An event is published once more only where its step had no end.
		const published = ["publish-started", "publish-late", "publish-end"].map((name) => ended(upTo, name));
		expect(states).toEqual(["STARTED", "LATE", "COMPLETED"].filter((_state, index) => published[index] === 0));
	});
});

describe("a renamed step", () => {
	const steps = checkpoints.flatMap(({ updates }) => updates);
	/** The SDK compares the names of all operations but conditions, which therefore may be renamed. */
	const conditions = new Set(steps.filter(({ SubType }) => SubType === "WaitForCondition").map(({ Name }) => Name));
	const names = [...new Set(steps.flatMap(({ Name }) => Name ?? []))].filter((name) => !conditions.has(name));

	test.each(names)("fails the run, which publishes nothing more, instead of repeating the step: %s", async (name) => {
		const renamed = checkpoints.slice(0, -1).map(({ at, updates }) => ({
			at,
			updates: updates.map((update) => (update.Name === name ? { ...update, Name: `${name}-before` } : update)),
		}));

		const { status, error, states } = await goOn(renamed);

		expect(status).toBe("FAILED");
		expect(error?.ErrorMessage).toMatch(/Non-deterministic execution detected/);
		expect(states).toEqual([]);
	});

	test("is caught by the names and their order, of conditions too", async () => {
		const today: Checkpoint[] = [];
		harness.atlas.state.cluster(RUN.projectId, RUN.clusterName).snapshots = [];

		const recorded = await recordRun(harness, record(today));
		if (RECORD_TO) writeFileSync(RECORD_TO, `${JSON.stringify({ ...recorded, checkpoints: today }, null, "\t")}\n`);

		expect(operationsIn(today)).toEqual(operationsIn(checkpoints));
	});
});

/** Operations in the order of their start, by name and type. */
function operationsIn(history: readonly Checkpoint[]): readonly string[] {
	const begun = new Map<string, string>();
	for (const { Id = "", Name, Type, SubType } of history.flatMap(({ updates }) => updates)) {
		if (!begun.has(Id)) begun.set(Id, `${Name} (${Type}, ${SubType})`);
	}
	return [...begun.values()];
}
