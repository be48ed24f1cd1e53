import { type DurableContext, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { acquireRunner, releaseRunner } from "../../local/aws/durable-runner.ts";
import type { DurableHandler } from "../../local/aws/engine.ts";
import type { AwsFaults } from "../../local/aws/server.ts";
import { type Harness, startHarness } from "../harness/harness.ts";

beforeAll(() => acquireRunner(true));
afterAll(() => releaseRunner());

let harness: Harness;
afterEach(async () => {
	await harness[Symbol.asyncDispose]();
});

type Refusal = readonly [status: number, code: string, message: string];

/** Refuses the nth checkpoint of each execution's life as Lambda does. */
const refusing =
	(nth: number, [status, code, message]: Refusal): AwsFaults =>
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
			harness = await startHarness({ aws: { checkpointsOverWire: true, faults: refusing(nth, refusal) } });

			const { status } = await harness.runRequest({ clusters: ["prod-a"] });

			expect(status).toBe("SUCCEEDED");
			const taken = harness.atlas.log.filter(({ kind, status: reply }) => kind === "take" && reply === 200);
			expect(taken).toHaveLength(1);
		},
	);

	test.each([1, 2, 3, 5, 8])(
		"a reply that is lost, at checkpoint %i: the SDK's repetition counts once",
		async (nth) => {
			const faults: AwsFaults = (call) =>
				call.operation === "CheckpointDurableExecution" && call.nth === nth ? { do: "drop", when: "after" } : undefined;
			harness = await startHarness({ aws: { checkpointsOverWire: true, faults } });

			expect(await harness.runRequest({ clusters: ["prod-a"] })).toMatchObject({ status: "SUCCEEDED" });
		},
	);

	test("2.2, 3.2: 260 clusters, in parts, write their checkpoints over the wire, and each completes once", async () => {
		const clusters = Array.from({ length: 260 }, (_, i) => `c${i}`);
		harness = await startHarness({ atlas: { projects: [{ clusters }] }, aws: { checkpointsOverWire: true } });

		const { status } = await harness.runRequest({ clusters: "all", deadlineMinutes: 600 });

		expect(status).toBe("SUCCEEDED");
		const completed = harness.published().filter(({ state }) => state === "COMPLETED");
		expect(completed).toHaveLength(260);
		expect(new Set(completed.map(({ clusterName }) => clusterName)).size).toBe(260);
	}, 120_000);

	test("a payload too large ends the run: the fake Lambda measures as Lambda does", async () => {
		const large = withDurableExecution((_input: unknown, durable: DurableContext) =>
			durable.step("a", async () => "x".repeat(256 * 1024)),
		);
		harness = await startHarness({ aws: { checkpointsOverWire: true }, handler: async () => large as DurableHandler });

		expect(await harness.runRequest({ clusters: ["prod-a"] })).toMatchObject({ status: "FAILED" });
	});
});
