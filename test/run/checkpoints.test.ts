import { type DurableContext, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { DurableHandler } from "../../local/aws/engine.ts";
import type { Faults } from "../../local/aws/faults.ts";
import { enterRunner, leaveRunner } from "../../local/aws/runner.ts";
import { openStage, type Stage } from "./stage.ts";

beforeAll(() => enterRunner(true));
afterAll(() => leaveRunner());

let stage: Stage;
afterEach(async () => {
	await stage[Symbol.asyncDispose]();
});

type Refusal = readonly [status: number, code: string, message: string];

/** Refuses the nth checkpoint of each execution's life as Lambda does. */
const refusing =
	(nth: number, [status, code, message]: Refusal): Faults =>
	(call) =>
		call.operation === "CheckpointDurableExecution" && call.nth === nth
			? { do: "fail", status, code, message }
			: undefined;
/** The service's own words. */
const STALE: Refusal = [400, "InvalidParameterValueException", "Invalid checkpoint token"];
const THROTTLED: Refusal = [429, "TooManyRequestsException", "Rate Exceeded."];

describe("2.2: a checkpoint that Lambda refuses", () => {
	test.each([STALE, THROTTLED].flatMap((refusal) => [1, 2, 3, 5, 8].map((nth) => [refusal[2], nth, refusal] as const)))(
		"%s, at checkpoint %i: the invocation ends, and the next goes on",
		async (_what, nth, refusal) => {
			stage = await openStage({ aws: { checkpointsOverWire: true, faults: refusing(nth, refusal) } });

			const { status } = await stage.carryOut({ clusters: ["prod-a"] });

			expect(status).toBe("SUCCEEDED");
			const taken = stage.atlas.log.filter(({ kind, status: reply }) => kind === "take" && reply === 200);
			expect(taken).toHaveLength(1);
		},
	);

	test("a payload too large ends the run: the fake Lambda measures as Lambda does", async () => {
		const large = withDurableExecution((_input: unknown, durable: DurableContext) =>
			durable.step("a", async () => "x".repeat(256 * 1024)),
		);
		stage = await openStage({ aws: { checkpointsOverWire: true }, handler: async () => large as DurableHandler });

		expect(await stage.carryOut({ clusters: ["prod-a"] })).toMatchObject({ status: "FAILED" });
	});
});
