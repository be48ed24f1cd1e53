import { describe, expect, test } from "vitest";
import { CHECKPOINT_BYTES, jsonBytes, takeFitting } from "../../lambda/domain/checkpoint-size.ts";
import { isFinal, isSuccess } from "../../lambda/domain/outcome.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import type { Run } from "../../lambda/domain/run.ts";
import { lostByDefect, toStateChangeEvent, toTargetStatus } from "../../lambda/domain/state-change.ts";

const TARGET = { projectId: "32b6e34b3d91647abb20e7b8", clusterName: "prod-a" };
const RUN: Run = {
	run: "http-1",
	trigger: "http",
	requestedBy: "hook:ci",
	request: readSnapshotRequest({ projectId: TARGET.projectId, clusters: [TARGET.clusterName] }),
};
const NOTHING = {
	version: "1",
	run: "http-1",
	trigger: "http",
	requestedBy: "hook:ci",
	slot: null,
	...TARGET,
	provenance: null,
	snapshotId: null,
	snapshot: null,
	expectedEndAt: null,
	endedAt: null,
	durationSeconds: null,
	reason: null,
};

describe("the published event", () => {
	test("says null for what is not known, and has no warnings where there are none", () => {
		expect(toStateChangeEvent(RUN, TARGET, { state: "STARTED", requestedAt: 0, warnings: [] })).toEqual({
			...NOTHING,
			state: "STARTED",
			requestedAt: "1970-01-01T00:00:00.000Z",
		});
	});

	test("carries everything that is known, and its status leaves run and snapshot out", () => {
		const snapshot = { id: "68fadc400000000000000000", status: "completed" };
		const reason = { code: "A", message: "a" };
		const change = {
			...({ state: "COMPLETED", provenance: "created", snapshot, requestedAt: 1000, endedAt: 62_499, reason } as const),
			...{ warnings: [reason], expectation: { seconds: 60, spread: 0.1 } },
		};
		const event = toStateChangeEvent({ ...RUN, slot: "2026-01-01T00:00:00Z" }, TARGET, change);
		const status = {
			...{ ...TARGET, state: "COMPLETED", provenance: "created", snapshotId: snapshot.id, reason, warnings: [reason] },
			...{ requestedAt: "1970-01-01T00:00:01.000Z", expectedEndAt: "1970-01-01T00:01:01.000Z" },
			...{ endedAt: "1970-01-01T00:01:02.499Z", durationSeconds: 61 },
		};

		expect(event).toEqual({ ...NOTHING, ...status, slot: "2026-01-01T00:00:00Z", snapshot });
		expect(toTargetStatus(event)).toEqual(status);
	});

	test.for([
		[1000, 0],
		[0, 0],
		[2499, 1],
		[2500, 2],
	] as const)("that ended at %i ms, requested at 1 s, took %i s", ([endedAt, seconds]) => {
		expect(toStateChangeEvent(RUN, TARGET, { state: "LOST", requestedAt: 1000, endedAt }).durationSeconds).toBe(
			seconds,
		);
	});

	test("of a run that a defect ended names the kind of the error alone", () => {
		expect(lostByDefect(7, new TypeError("s3cr3t"))).toEqual({
			state: "LOST",
			requestedAt: 7,
			reason: { code: "BROKEN_OFF", message: "the run ended unexpectedly (TypeError); see the function's log" },
		});
		expect(lostByDefect(7, "s3cr3t").reason?.message).toBe(
			"the run ended unexpectedly (Error); see the function's log",
		);
	});
});

test.for([
	["PENDING", false, false],
	["STARTED", false, false],
	["LATE", false, false],
	["COMPLETED", true, true],
	["SKIPPED", true, true],
	["FAILED", true, false],
	["REFUSED", true, false],
	["LOST", true, false],
] as const)("%s ends a target: %s, as its request wants: %s", ([state, final, success]) => {
	expect([isFinal(state), isSuccess(state)]).toEqual([final, success]);
});

describe("a checkpoint", () => {
	test("holds 200 KiB of JSON in UTF-8", () => {
		expect(CHECKPOINT_BYTES).toBe(204_800);
		expect([jsonBytes("é"), jsonBytes({ a: 1 }), jsonBytes(undefined)]).toEqual([4, 7, 0]);
	});

	test("takes the first members that fit, with a byte between two, and one in any case", () => {
		/** As JSON in a list, with its comma. */
		const member = (bytes: number) => "m".repeat(bytes - 3);
		const halves = [member(CHECKPOINT_BYTES / 2), member(CHECKPOINT_BYTES / 2), "m"];

		expect(takeFitting(halves)).toEqual(halves.slice(0, 2));
		expect(takeFitting(halves, 1)).toEqual(halves.slice(0, 1));
		expect(takeFitting([member(CHECKPOINT_BYTES * 2), "m"])).toHaveLength(1);
		expect(takeFitting([])).toEqual([]);
	});
});
