import type { Event } from "@aws-sdk/client-lambda";
import { expect, test } from "vitest";
import type { Execution } from "../../../local/aws/engine.ts";
import { createLedger, type Entry, isComplete, type StateChangeEvent } from "../../../local/narrate/ledger.ts";
import { looksOf, progressOf } from "../../../local/narrate/progress.ts";
import { duration, short } from "../../../local/narrate/words.ts";

const execution = (more: Partial<Execution>): Execution => ({
	arn: "arn",
	name: "http-0",
	payload: "{}",
	startedAt: 0,
	endedAt: undefined,
	status: "RUNNING",
	result: undefined,
	error: undefined,
	history: () => [],
	ended: Promise.resolve(),
	...more,
});

const look = (Payload: string, SubType = "WaitForCondition"): Event => ({
	EventType: "StepSucceeded",
	SubType,
	StepSucceededDetails: { Result: { Payload }, RetryDetails: {} },
});

const entry = (clusterName: string, followedSince: number): Entry => ({
	run: "http-0",
	trigger: "http",
	projectId: "p",
	clusterName,
	state: "STARTED",
	provenance: "created",
	snapshotId: clusterName,
	expectedEndAt: null,
	durationSeconds: null,
	reason: null,
	followedSince,
});

test("the last look at each snapshot is read out of a history, past everything else in it", () => {
	const watch = (snapshotId: string, status: string, looks: number) =>
		look(JSON.stringify({ watch: { snapshotId, status, looks }, due: true }));
	const history = () => [
		watch("a", "queued", 0),
		watch("b", "queued", 0),
		look('{"watch":{"snapshotId":"c","status":"queued","looks":0}}', "Step"),
		look("not JSON"),
		look('{"watch":{"snapshotId":7}}'),
		watch("a", "inProgress", 3),
	];

	expect([...looksOf(execution({ history }))]).toEqual([
		["a", { status: "inProgress", looks: 3 }],
		["b", { status: "queued", looks: 0 }],
	]);
});

test("a few targets are told one by one, many by their number", () => {
	const looks = new Map([["a", { status: "inProgress", looks: 2 }]]);
	const many = ["a", "b", "c", "d"].map((name, index) => entry(name, index * 1000));

	expect(progressOf([entry("a", 0), entry("b", 5000)], looks, 65_000)).toBe(
		"a inProgress 1 min 5 s, look 2 · b 1 min 0 s",
	);
	expect(progressOf(many, looks, 10_000)).toBe("1 inProgress · 3 started, the longest for 10 s");
	expect(progressOf([], looks, 0)).toBe("");
});

test("where its end is expected, a snapshot's part and what is left of it are told, with a bar where one can be drawn", () => {
	const looks = new Map([["a", { status: "inProgress", looks: 3 }]]);
	const tell = (seconds: number, withBar = false) =>
		progressOf([{ ...entry("a", 0), expectedSeconds: 300 }], looks, seconds * 1000, withBar);

	expect(tell(126)).toBe("a inProgress 2 min 6 s, look 3, 42 %, about 3 min left");
	expect(tell(126, true)).toBe("a inProgress 2 min 6 s, look 3, ████░░░░░░ 42 %, about 3 min left");
	expect(tell(290)).toBe("a inProgress 4 min 50 s, look 3, 96 %, about 10 s left");
	expect(tell(420, true)).toBe("a inProgress 7 min 0 s, look 3, longer than the usual 5 min 0 s");
});

test("what is told of a snapshot counts from its request, also where it was adopted or is late", () => {
	const ledger = createLedger(
		() => 5_000,
		() => Date.parse("2026-10-24T02:01:00Z"),
	);
	const detail = {
		...entry("a", 0),
		requestedAt: "2026-10-24T02:00:00.000Z",
		expectedEndAt: "2026-10-24T02:05:00.000Z",
	};
	ledger.enter({ detail } as unknown as StateChangeEvent);

	expect(ledger.entries()).toMatchObject([{ followedSince: -55_000, expectedSeconds: 300 }]);
});

test("a run is complete when it succeeded and every one of its targets, of which it has some, was completed or skipped", () => {
	const ended = (status: Execution["status"], ...states: string[]) =>
		execution({ status, result: JSON.stringify({ run: "r", targets: states.map((state) => ({ state })) }) });

	expect(isComplete(ended("SUCCEEDED", "COMPLETED", "COMPLETED"))).toBe(true);
	expect(isComplete(ended("SUCCEEDED", "COMPLETED", "SKIPPED"))).toBe(true);
	expect(isComplete(ended("SUCCEEDED", "SKIPPED"))).toBe(true);
	expect(isComplete(ended("SUCCEEDED", "COMPLETED", "REFUSED"))).toBe(false);
	expect(isComplete(ended("FAILED", "COMPLETED"))).toBe(false);
	expect(isComplete(ended("SUCCEEDED"))).toBe(false);
	expect(isComplete(execution({ status: "FAILED", error: { ErrorData: "no JSON" } }))).toBe(false);
});

test.each([
	[0.4, "0 s"],
	[59.6, "1 min 0 s"],
	[3599, "59 min 59 s"],
	[7384, "2 h 3 min"],
])("%d seconds are told as %s", (seconds, text) => {
	expect(duration(seconds)).toBe(text);
});

test("a run's name is shortened so that its trigger stays", () => {
	expect(short("schedule-c7f020fdf383cbaabcdc155f3c5445b4")).toBe("schedule-c7f020fd…");
});
