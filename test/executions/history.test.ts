import type { Event } from "@aws-sdk/client-lambda";
import { describe, expect, test } from "vitest";
import { PUBLISH_STEPS } from "../../lambda/domain/outcome.ts";
import { DECIDE_STEP } from "../../lambda/domain/state-change.ts";
import { summarizeHistory } from "../../lambda/executions/history.ts";
import type { DurableExecutions } from "../../lambda/executions/lambda-api.ts";
import { readEndedParts, readRunStatus } from "../../lambda/executions/status.ts";
import { PROJECT, targetStatus } from "../harness/router.ts";

const pending = (clusterName: string) => ({ projectId: PROJECT, clusterName, state: "PENDING" as const });

let id = 0;
const step = (Name: string, result: unknown, truncated = false): Event => ({
	EventType: "StepSucceeded",
	Id: String(++id),
	Name,
	StepSucceededDetails: {
		Result: { Payload: truncated ? JSON.stringify(result).slice(0, -5) : JSON.stringify(result), Truncated: truncated },
		RetryDetails: undefined,
	},
});

const selected = (...names: string[]) =>
	step("select-targets", { targets: names.map((clusterName) => ({ projectId: PROJECT, clusterName })), startedAt: 0 });

const invoked = (Id: string, arn: string): Event => ({
	EventType: "ChainedInvokeStarted",
	Id,
	Name: "carry-out-part",
	ChainedInvokeStartedDetails: { FunctionName: "snapshot", DurableExecutionArn: arn },
});

describe("a history", () => {
	test("holds the last published state of each target, in the order of the selection", () => {
		const events = [
			selected("a", "b", "c"),
			step("look-before", targetStatus("COMPLETED", "a")),
			step("publish-started", targetStatus("STARTED", "b")),
			step("publish-started", targetStatus("STARTED", "a")),
			step("publish-end", targetStatus("COMPLETED", "b")),
		];

		expect(summarizeHistory(events, []).targets).toEqual([
			targetStatus("STARTED", "a"),
			targetStatus("COMPLETED", "b"),
			pending("c"),
		]);
	});

	test("has the targets that the request names before the first checkpoint", () => {
		expect(summarizeHistory([], [pending("a")]).targets).toEqual([pending("a")]);
	});

	test("identifies a step by its id if only its start has the name", () => {
		const { Name: _, ...nameless } = step("publish-started", targetStatus("STARTED", "a"));
		const started: Event = { EventType: "StepStarted", Id: nameless.Id, Name: "publish-started" };

		expect(summarizeHistory([started, nameless], []).targets).toEqual([targetStatus("STARTED", "a")]);
	});

	test("ignores truncated payloads, and a selection that has not succeeded yet", () => {
		const events = [
			step("select-targets", { verdict: { reason: {} }, startedAt: 0 }),
			step("publish-started", targetStatus("STARTED", "a"), true),
			step("publish-started", "nonsense"),
		];

		expect(summarizeHistory(events, [pending("a")]).targets).toEqual([pending("a")]);
	});

	test("names the parts that still run, and the results of the others", () => {
		const result = { run: "r", targets: [targetStatus("COMPLETED", "a")] };
		const events: Event[] = [
			selected("a", "b", "c"),
			invoked("p1", "arn:1"),
			invoked("p2", "arn:2"),
			invoked("p3", "arn:3"),
			{
				EventType: "ChainedInvokeSucceeded",
				Id: "p1",
				ChainedInvokeSucceededDetails: { Result: { Payload: JSON.stringify(result) } },
			},
			{
				EventType: "ChainedInvokeFailed",
				Id: "p2",
				ChainedInvokeFailedDetails: {
					Error: { Payload: { ErrorData: JSON.stringify({ run: "r", targets: [targetStatus("REFUSED", "b")] }) } },
				},
			},
		];

		expect(summarizeHistory(events, [])).toEqual({
			targets: [targetStatus("COMPLETED", "a"), targetStatus("REFUSED", "b"), pending("c")],
			parts: ["arn:3"],
			interrupted: [],
			decided: [],
		});
	});

	test.each(["ChainedInvokeFailed", "ChainedInvokeTimedOut", "ChainedInvokeStopped"] as const)(
		"2.5: names the part that AWS ended early (%s), whose own history holds what it published",
		async (EventType) => {
			const whole: Event[] = [selected("a", "b"), invoked("p1", "arn:1"), { EventType, Id: "p1" }];
			const { projectId, clusterName } = targetStatus("COMPLETED", "b");
			const decided = { projectId, clusterName, decided: { state: "COMPLETED", requestedAt: 1 } };
			const part = [
				step("publish-end", targetStatus("COMPLETED", "a")),
				step("publish-started", targetStatus("STARTED", "b")),
				step(DECIDE_STEP, decided),
			];
			const history = async (arn: string) => (arn === "arn:1" ? part : whole);

			expect(summarizeHistory(whole, [])).toMatchObject({ parts: ["arn:1"], interrupted: ["arn:1"] });
			expect(await readEndedParts({ history }, "whole")).toEqual({
				published: [targetStatus("COMPLETED", "a"), targetStatus("STARTED", "b")],
				decided: [decided],
			});
		},
	);

	test.each(PUBLISH_STEPS)("4.2: holds what %s has published", (name) => {
		const lost =
			name === "publish-lost" ? { tries: 1, targets: [targetStatus("REFUSED", "a")] } : targetStatus("REFUSED", "a");

		expect(summarizeHistory([step(name, lost)], []).targets).toEqual([targetStatus("REFUSED", "a")]);
	});

	test("4.1: holds a state whose event the bus has not accepted, without the internal fields", () => {
		const events = [step("publish-late", { ...targetStatus("STARTED", "a"), unpublished: true })];

		expect(summarizeHistory(events, []).targets).toEqual([targetStatus("STARTED", "a")]);
	});
});

describe("an execution", () => {
	const executions = (
		histories: Readonly<Record<string, readonly Event[]>>,
		over: object = {},
	): Pick<DurableExecutions, "get" | "history"> => ({
		get: async (arn) => ({
			DurableExecutionArn: arn,
			DurableExecutionName: "r",
			FunctionArn: "f",
			StartTimestamp: new Date(5000),
			Status: "RUNNING",
			...over,
		}),
		history: async (arn) => histories[arn] ?? [],
	});

	test("in parts is read from the histories of its running parts as well", async () => {
		const status = await readRunStatus(
			executions({
				whole: [selected("a", "b"), invoked("p1", "part")],
				part: [step("publish-started", targetStatus("STARTED", "b"))],
			}),
			"r",
			"whole",
		);

		expect(status).toEqual({
			run: "r",
			status: "RUNNING",
			startedAt: 5000,
			targets: [pending("a"), targetStatus("STARTED", "b")],
		});
	});

	test.each([
		["TIMED_OUT", "RUN_TIMED_OUT"],
		["STOPPED", "RUN_STOPPED"],
		["FAILED", "RUN_BROKEN_OFF"],
		["A_STATUS_OF_TOMORROW", "RUN_BROKEN_OFF"],
	])("that ended as %s is FAILED, with the targets of its history", async (Status, code) => {
		const broken = executions(
			{ whole: [selected("a"), step("publish-started", targetStatus("STARTED", "a"))] },
			{ Status, Error: { ErrorMessage: "arn:aws:lambda:x" } },
		);

		const status = await readRunStatus(broken, "r", "whole");

		expect(status).toMatchObject({ status: "FAILED", targets: [targetStatus("STARTED", "a")], reason: { code } });
		expect(JSON.stringify(status)).not.toContain("arn:");
	});

	test("whose result was truncated is read from its history", async () => {
		const cut = executions(
			{ whole: [selected("a"), step("publish-end", targetStatus("COMPLETED", "a"))] },
			{ Status: "SUCCEEDED", Result: '{"targets":[{' },
		);

		expect(await readRunStatus(cut, "r", "whole")).toMatchObject({
			status: "SUCCEEDED",
			targets: [targetStatus("COMPLETED", "a")],
		});
	});
});
