import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AtlasError } from "../../lambda/domain/errors.ts";
import { classifyFailure } from "../../lambda/domain/failure.ts";
import {
	afterEarlyCheck,
	afterFailedPoll,
	afterPoll,
	finalOutcome,
	hasStoppedRunning,
	type PollState,
	pollStatus,
	startPolling,
} from "../../lambda/domain/polling.ts";

const id = "6a7944f22c88faeba59d3572";
const begun = startPolling({ id, status: "queued" }, 0);
const limits = { deadlineAt: 100, hardLimitAt: 1000 };
type Code =
	| "ATLAS_SNAPSHOT_NOT_FOUND"
	| "ATLAS_CLUSTER_NOT_FOUND"
	| "ATLAS_PROJECT_NOT_FOUND"
	| "ATLAS_FAULT"
	| "ATLAS_KEY_REFUSED";
const fault = (code: Code) => classifyFailure(new AtlasError({ code, blame: "transient", executed: "no" }, "m"));

describe("promise 3: completed only when Atlas says so", () => {
	test("an unknown status ends nothing", () => {
		fc.assert(
			fc.property(fc.string(), (status) => {
				fc.pre(status !== "completed" && status !== "failed");
				expect(afterPoll(begun, { id, status }, 1).ended).toBeUndefined();
			}),
		);
	});

	test.each(["completed", "failed"])("%s ends the watch and keeps the snapshot whole", (status) => {
		const snapshot = { id, status, storageSizeBytes: 1582854144 };
		const seen = afterPoll(begun, snapshot, 1);

		expect(pollStatus(seen, limits)).toBe("ended");
		expect(seen.ended).toEqual(snapshot);
	});
});

describe("promise 2: a failed look never ends a watch", () => {
	test("whatever it was, and however often", () => {
		let seen = begun;
		for (const code of ["ATLAS_FAULT", "ATLAS_KEY_REFUSED", "ATLAS_SNAPSHOT_NOT_FOUND", "ATLAS_FAULT"] as const) {
			seen = afterFailedPoll(seen, fault(code), 1);
			expect(pollStatus(seen, limits)).toBe("waiting");
		}
		expect(seen.failures).toBe(4);
	});

	test("promise 6: the next poll waits as long as Atlas asks", () => {
		const busy = classifyFailure(
			new AtlasError({ code: "ATLAS_RATE_LIMITED", blame: "transient", executed: "no", retryAfterSeconds: 90 }, "m"),
		);

		expect(afterFailedPoll(begun, busy, 1_000).notBefore).toBe(91_000);
	});

	test("gone only after a second look in a row", () => {
		const once = afterFailedPoll(begun, fault("ATLAS_SNAPSHOT_NOT_FOUND"), 1);
		const back = afterPoll(once, { id, status: "inProgress" }, 2);

		expect(pollStatus(once, limits)).toBe("waiting");
		expect(pollStatus(afterFailedPoll(once, fault("ATLAS_SNAPSHOT_NOT_FOUND"), 2), limits)).toBe("gone");
		expect(pollStatus(afterFailedPoll(back, fault("ATLAS_SNAPSHOT_NOT_FOUND"), 3), limits)).toBe("waiting");
	});
});

test("promise 4: late at the deadline, on after it was told, given up at the hard limit", () => {
	const at = (time: number) => afterPoll(begun, { id, status: "inProgress" }, time);

	expect(pollStatus(at(99), limits)).toBe("waiting");
	expect(pollStatus(at(100), limits)).toBe("late");
	expect(pollStatus(at(100), { hardLimitAt: 1000 })).toBe("waiting");
	expect(pollStatus(at(1000), { hardLimitAt: 1000 })).toBe("given-up");
});

test("a watch between two looks is small, whatever the snapshot holds", () => {
	const large = { id, status: "inProgress", members: Array.from({ length: 500 }, (_, i) => ({ id: String(i) })) };

	expect(JSON.stringify(afterPoll(begun, large, 1)).length).toBeLessThan(160);
});

const HOUR = 60 * 60_000;
const failedAt = (...each: readonly (readonly [code: Code, at: number])[]) =>
	each.reduce((seen, [code, at]) => afterFailedPoll(seen, fault(code), at), begun);

test("the state of a poll counts polls and failures, and a poll that succeeds forgets them", () => {
	const failed = failedAt(["ATLAS_FAULT", 5], ["ATLAS_SNAPSHOT_NOT_FOUND", 6]);

	expect(startPolling({ id, status: "queued" }, 7, 9)).toEqual({
		...{ snapshotId: id, status: "queued", polls: 0, failures: 0, timesMissing: 0, checkedAt: 7, notBefore: 9 },
	});
	expect(failed).toEqual({
		...{ snapshotId: id, status: "queued", polls: 2, failures: 2, timesMissing: 1, checkedAt: 6 },
		reason: { code: "ATLAS_SNAPSHOT_NOT_FOUND", message: "m" },
	});
	expect(afterPoll(failed, { id, status: "inProgress" }, 8)).toEqual({
		...{ snapshotId: id, status: "inProgress", polls: 3, failures: 0, timesMissing: 0, checkedAt: 8 },
	});
	expect(afterEarlyCheck(failed, 9)).toEqual({ ...failed, checkedAt: 9 });
});

test.for<[string, (readonly [Code, number])[], string]>([
	[
		"the cluster for an hour",
		[
			["ATLAS_CLUSTER_NOT_FOUND", 1],
			["ATLAS_CLUSTER_NOT_FOUND", HOUR + 1],
		],
		"gone",
	],
	[
		"the cluster, and then the project",
		[
			["ATLAS_CLUSTER_NOT_FOUND", 1],
			["ATLAS_PROJECT_NOT_FOUND", HOUR + 1],
		],
		"gone",
	],
	[
		"the cluster for less",
		[
			["ATLAS_CLUSTER_NOT_FOUND", 1],
			["ATLAS_CLUSTER_NOT_FOUND", HOUR],
		],
		"waiting",
	],
	["the cluster once", [["ATLAS_CLUSTER_NOT_FOUND", HOUR]], "waiting"],
	[
		"first the snapshot, then the cluster",
		[
			["ATLAS_SNAPSHOT_NOT_FOUND", 1],
			["ATLAS_CLUSTER_NOT_FOUND", 2 * HOUR],
		],
		"waiting",
	],
	[
		"first the cluster, then the snapshot",
		[
			["ATLAS_CLUSTER_NOT_FOUND", 1],
			["ATLAS_SNAPSHOT_NOT_FOUND", 2 * HOUR],
		],
		"waiting",
	],
	[
		"the snapshot, with a fault between",
		[
			["ATLAS_SNAPSHOT_NOT_FOUND", 1],
			["ATLAS_FAULT", 2],
			["ATLAS_SNAPSHOT_NOT_FOUND", 3],
		],
		"waiting",
	],
])("polls that miss %s: %s", ([, polls, expected]) => {
	expect(pollStatus(failedAt(...polls), { hardLimitAt: 1000 * HOUR })).toBe(expected);
});

test.for<[string, PollState, boolean]>([
	["queued", begun, false],
	["running", afterPoll(begun, { id, status: "inProgress" }, 1), false],
	["completed", afterPoll(begun, { id, status: "completed" }, 1), true],
	["failed", afterPoll(begun, { id, status: "failed" }, 1), true],
	["of an unknown status", afterPoll(begun, { id, status: "paused" }, 1), true],
	[
		"of an unknown status, and not seen since",
		afterFailedPoll(afterPoll(begun, { id, status: "paused" }, 1), fault("ATLAS_FAULT"), 2),
		false,
	],
	["missing", failedAt(["ATLAS_SNAPSHOT_NOT_FOUND", 1]), true],
	["not seen", failedAt(["ATLAS_FAULT", 1]), false],
])("another's snapshot that is %s no longer blocks ours: %s", ([, seen, expected]) => {
	expect(hasStoppedRunning(seen)).toBe(expected);
});

describe("the end of a snapshot", () => {
	const [completed, failed] = [
		{ id, status: "completed" },
		{ id, status: "failed" },
	];

	test.for<[string, PollState, object]>([
		["that completed", afterPoll(begun, completed, 1), { state: "COMPLETED", snapshot: completed }],
		[
			"that failed",
			afterPoll(begun, failed, 1),
			{
				state: "FAILED",
				snapshot: failed,
				reason: {
					code: "SNAPSHOT_FAILED",
					message: "Atlas reports that the snapshot failed; see the project's activity feed",
				},
			},
		],
		[
			"that is gone",
			failedAt(["ATLAS_SNAPSHOT_NOT_FOUND", 1], ["ATLAS_SNAPSHOT_NOT_FOUND", 2]),
			{ state: "LOST", reason: { code: "ATLAS_SNAPSHOT_NOT_FOUND", message: "m" } },
		],
		[
			"that is gone for no reason known",
			{ ...begun, timesMissing: 2 },
			{
				state: "LOST",
				reason: { code: "SNAPSHOT_NOT_FOUND", message: "the snapshot is gone: someone deleted it while it ran" },
			},
		],
		[
			"that did not come",
			afterPoll(begun, { id, status: "x".repeat(50) }, 1),
			{
				state: "LOST",
				reason: {
					code: "HARD_LIMIT",
					message: `not ended after 72 hours, polling stopped; its last status was "${"x".repeat(40)}"`,
				},
			},
		],
		[
			"that could not be seen",
			failedAt(["ATLAS_FAULT", 1]),
			{
				state: "LOST",
				reason: { code: "HARD_LIMIT", message: "not ended after 72 hours, polling stopped; the last poll failed: m" },
			},
		],
	])("%s", ([, seen, expected]) => expect(finalOutcome(seen, 72)).toEqual(expected));
});
