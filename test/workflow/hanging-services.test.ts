import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { acquireRunner, releaseRunner } from "../../local/aws/durable-runner.ts";
import type { AwsFaults } from "../../local/aws/server.ts";
import { type Harness, startHarness } from "../harness/harness.ts";

beforeAll(() => acquireRunner(true));
afterAll(() => releaseRunner());

let harness: Harness;
afterEach(async () => {
	await harness[Symbol.asyncDispose]();
});

/** Of an operation, the first calls so many times are accepted and never answered. */
const hanging =
	(operation: string, times: number): AwsFaults =>
	(call) =>
		call.operation === operation && call.nth <= times ? { do: "hang" } : undefined;

test.each([
	["GetSecretValue", 1],
	["GetSecretValue", 3],
	["PutEvents", 1],
	["PutEvents", 4],
])(
	"promise 2: %s that hangs %i times holds nothing for minutes: the run goes on and completes",
	async (operation, times) => {
		const startedAt = Date.now();
		harness = await startHarness({ aws: { faults: hanging(operation, times) } });

		const { status } = await harness.runRequest({ clusters: ["prod-a"] });

		expect(status).toBe("SUCCEEDED");
		expect(harness.published().map(({ state }) => state)).toEqual(["STARTED", "COMPLETED"]);
		expect(harness.atlas.log.filter(({ kind }) => kind === "take")).toHaveLength(1);
		// By the skipped clock, which runs up to 20 times as fast while a request hangs: without a limit it would never end.
		expect((Date.now() - startedAt) / 1000).toBeLessThan(600);
	},
);
