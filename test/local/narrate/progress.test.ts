import type { Event } from "@aws-sdk/client-lambda";
import { expect, test } from "vitest";
import type { Execution } from "../../../local/aws/engine.ts";
import { type Entry, isComplete } from "../../../local/narrate/ledger.ts";
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
