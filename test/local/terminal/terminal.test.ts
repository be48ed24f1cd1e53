import { PassThrough } from "node:stream";
import type { Event } from "@aws-sdk/client-lambda";
import { describe, expect, test } from "vitest";
import type { PollRound } from "../../../lambda/workflow/poll.ts";
import type { Execution } from "../../../local/aws/engine.ts";
import { progressLines } from "../../../local/terminal/progress.ts";
import { createScreen, duration, type Screen, short, widthOf, wrap } from "../../../local/terminal/screen.ts";
import { printTargets } from "../../../local/terminal/table.ts";
import { createTargets, isComplete, pollsOf, type TargetView } from "../../../local/terminal/targets.ts";

const RUN = "http-c7f020fdf383cbaabcdc155f3c5445b4";
const NOW = Date.parse("2026-10-24T02:10:00Z");

const execution = (more: Partial<Execution>): Execution => ({
	arn: "arn",
	name: RUN,
	payload: JSON.stringify({ run: RUN }),
	startedAt: NOW,
	endedAt: undefined,
	status: "RUNNING",
	result: undefined,
	error: undefined,
	history: () => [],
	ended: Promise.resolve(),
	...more,
});

const succeeded = (Payload: string, SubType = "WaitForCondition", more: Partial<Event> = {}): Event => ({
	EventType: "StepSucceeded",
	SubType,
	StepSucceededDetails: { Result: { Payload }, RetryDetails: {} },
	...more,
});

const poll = (snapshotId: string, status: string, polls: number, failures = 0) => {
	const state: PollRound = {
		poll: { snapshotId, status, polls, failures, timesMissing: 0, checkedAt: NOW },
		isDue: true,
		reoffered: 0,
	};
	return succeeded(JSON.stringify({ checks: polls, state }));
};

const target = (clusterName: string, more: Partial<TargetView> = {}): TargetView => ({
	run: RUN,
	projectId: "32b6e34b3d91647abb20e7b8",
	clusterName,
	state: "STARTED",
	provenance: "created",
	snapshotId: "6b0658383b296ed15ce2d7e8",
	expectedEndAt: null,
	durationSeconds: null,
	reason: null,
	since: NOW,
	...more,
});

test("the last poll of each snapshot is read from a history", () => {
	const history = [
		poll("a", "queued", 0),
		poll("b", "queued", 0),
		succeeded('{"state":{"poll":{"snapshotId":"c","status":"queued","polls":0}}}', "Step"),
		succeeded("not JSON"),
		succeeded('{"state":{"poll":{"snapshotId":7}}}'),
		poll("a", "inProgress", 3),
	];

	expect([...pollsOf(history)]).toEqual([
		["a", { status: "inProgress", polls: 3, failures: 0 }],
		["b", { status: "queued", polls: 0, failures: 0 }],
	]);
});

describe("the lines of progress", () => {
	const polled = { poll: { status: "inProgress", polls: 3, failures: 0 } };
	const at = (seconds: number, more: Partial<TargetView>, withBar = false) =>
		progressLines([target("a", { ...polled, ...more })], NOW + seconds * 1000, withBar);

	test("show how long each target has taken, and its progress where an end is expected", () => {
		expect(at(65, {})).toEqual(["a            inProgress 1 min 5 s, poll 3"]);
		expect(at(126, { expectedSeconds: 300 })).toEqual(["a            inProgress 2 min 6 s  42 %, about 3 min left"]);
		expect(at(126, { expectedSeconds: 300 }, true)).toEqual([
			"a            inProgress 2 min 6 s  ████░░░░░░ 42 %, about 3 min left",
		]);
		expect(at(290, { expectedSeconds: 300 })[0]).toContain("96 %, about 10 s left");
		expect(at(420, { expectedSeconds: 300 }, true)[0]).toContain("longer than the usual 5 min 0 s");
	});

	test("show first the targets that wait, with the reason and the next try", () => {
		const problem = { code: "ATLAS_UNREACHABLE", message: "no connection", nextTryAt: NOW + 14_000 };
		const pending = { state: "PENDING", snapshotId: null, problem } as const;

		expect(progressLines([target("a"), target("b", pending)], NOW, true)).toEqual([
			"b            requesting 0 s, next try in 14 s: ATLAS_UNREACHABLE",
			"a            started    0 s",
		]);
		expect(at(20, { problem })[0]).toContain("trying again now");
	});

	test("show at most eight targets and count the others", () => {
		const many = Array.from({ length: 25 }, (_, index) => target(`c${index}`, index > 20 ? polled : {}));

		const lines = progressLines(many, NOW, true);

		expect(lines).toHaveLength(9);
		expect(lines.at(-1)).toBe("and 17 more: 13 started, 4 inProgress");
		expect(progressLines([target("a", { since: undefined })], NOW, true)).toEqual([]);
	});
});

describe("what is known of a target", () => {
	const selected = (...names: string[]) => [
		{ EventType: "StepStarted", Id: "1", Name: "select-targets" } as Event,
		succeeded(
			JSON.stringify({ targets: names.map((clusterName) => ({ projectId: "p", clusterName })) }),
			"WaitForCondition",
			{ Id: "1" },
		),
	];
	const warning = {
		level: "WARN",
		message: "no snapshot yet",
		run: RUN,
		project_id: "p",
		cluster_name: "a",
		reason: { code: "ATLAS_UNREACHABLE", message: "no connection" },
		next_try: "2026-10-24T02:10:14.000Z",
	};
	const started = (more: object = {}) => {
		const detail = { ...target("a", { projectId: "p" }), requestedAt: "2026-10-24T02:09:00.000Z", ...more };
		return { detail } as never;
	};

	test("counts from the run's start, and from its snapshot's request on from that", () => {
		const targets = createTargets();
		targets.onHistory(execution({ history: () => selected("a", "b") }));
		targets.onEvent(started({ expectedEndAt: "2026-10-24T02:14:00.000Z" }));

		expect(targets.all()).toMatchObject([
			{ clusterName: "a", state: "STARTED", since: NOW - 60_000, expectedSeconds: 300 },
			{ clusterName: "b", state: "PENDING", since: NOW },
		]);
	});

	test("a problem is shown until the request succeeds", () => {
		const targets = createTargets();
		targets.onHistory(execution({ history: () => selected("a") }));

		expect(targets.onLog(warning)).toMatchObject({ clusterName: "a", nextTryAt: NOW + 14_000 });
		expect(targets.all()[0]?.problem).toMatchObject({ code: "ATLAS_UNREACHABLE", nextTryAt: NOW + 14_000 });
		targets.onHistory(execution({ history: () => selected("a") }));
		expect(targets.all()[0]?.problem).toBeDefined();
		targets.onEvent(started());
		expect(targets.all()[0]?.problem).toBeUndefined();
	});

	test("a problem of a poll is shown until a poll succeeds", () => {
		const targets = createTargets();
		targets.onEvent(started());
		targets.onLog(warning);
		const id = "6b0658383b296ed15ce2d7e8";
		targets.onHistory(execution({ history: () => [...selected("a"), poll(id, "queued", 1, 1)] }));
		expect(targets.all()[0]?.problem).toBeDefined();
		targets.onHistory(execution({ history: () => [...selected("a"), poll(id, "inProgress", 2)] }));
		expect(targets.all()[0]?.problem).toBeUndefined();
	});

	test("has no problem once it has ended, whatever the log says of its end", () => {
		const targets = createTargets();
		targets.onEvent(started({ state: "REFUSED", since: undefined }));

		expect(targets.onLog(warning)).toBeUndefined();
		expect(targets.all()[0]?.problem).toBeUndefined();
	});

	test("ends as the run's result says, also without an event", () => {
		const targets = createTargets();
		targets.onHistory(execution({ history: () => selected("a") }));
		const ended = [{ ...target("a", { projectId: "p", state: "LOST" }), since: undefined }];
		targets.onEnd(execution({ status: "FAILED", error: { ErrorData: JSON.stringify({ targets: ended }) } }));

		expect(targets.all()).toEqual([expect.objectContaining({ clusterName: "a", state: "LOST" })]);
		expect(progressLines(targets.all(), NOW, true)).toEqual([]);
	});
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

/** A terminal of so many columns; what it was sent is in `text`. */
function terminal(columns: number): { readonly screen: Screen; readonly text: () => string } {
	let text = "";
	const stream = Object.assign(new PassThrough(), { isTTY: true, columns, rows: 24 });
	const screen = createScreen(stream as never, (more) => {
		text += more;
	});
	return { screen, text: () => text };
}

describe.each([40, 80, 120])("at %i columns", (columns) => {
	const lines = (text: string) => text.split("\n").map((line) => widthOf(line.replaceAll(/\r/g, "")));
	const long = "x".repeat(64);

	test("no row of the table is wider, whatever the clusters are called, and each shows state and snapshot", () => {
		for (const names of [["a"], [long, "prod-a"]]) {
			const { screen, text } = terminal(columns);
			printTargets(
				names.map((name) => target(name, { state: "COMPLETED", durationSeconds: 4000 })),
				screen,
			);

			if (columns >= 80) expect(Math.max(...lines(text()))).toBeLessThanOrEqual(columns);
			expect(text()).toContain("COMPLETED");
			expect(text()).toContain("6b0658383b296ed15ce2d7e8");
		}
	});

	test("a long line continues in the next one, indented, and live lines are cut", () => {
		const { screen, text } = terminal(columns);
		screen.line(`prod-a ${"why not ".repeat(40)}`, 7);
		screen.live([`prod-a ${"how far ".repeat(40)}`, "second"]);
		screen.line("done");

		expect(Math.max(...lines(text()))).toBeLessThanOrEqual(columns);
		expect(text()).toMatch(/\n {7}why/);
	});
});

test("a text is broken at its spaces only, so that an ID or a path stays whole", () => {
	const path = `/snapshots/${RUN}`;

	expect(wrap(`HTTP 202, Location: ${path}`, 50, 4)).toEqual(["HTTP 202, Location:", `    ${path}`]);
	expect(wrap(`one\n  two ${path}`, 20, 2)).toEqual(["one", "  two", `  ${path}`]);
});

test.each([
	[0.4, "0 s"],
	[59.6, "1 min 0 s"],
	[3599, "59 min 59 s"],
	[7384, "2 h 3 min"],
])("%d seconds are written as %s", (seconds, text) => {
	expect(duration(seconds)).toBe(text);
});

test("a run's name is shortened so that its trigger stays", () => {
	expect(short("schedule-c7f020fdf383cbaabcdc155f3c5445b4")).toBe("schedule-c7f020fd…");
});
