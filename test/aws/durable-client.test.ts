import { type DurableContext, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { expect, test } from "vitest";
import type { DurableHandler } from "../../local/aws/engine.ts";
import { startHarness } from "../harness/harness.ts";

/** As the service replies. */
const STALE = {
	do: "fail",
	status: 400,
	code: "InvalidParameterValueException",
	message: "Invalid checkpoint token",
} as const;

test("the SDK without our client ends a run at a stale token; once it does not, createDurableClient can be deleted", async () => {
	const bare = withDurableExecution((_input: unknown, durable: DurableContext) => durable.wait("a", { seconds: 1 }));
	await using harness = await startHarness({
		aws: {
			checkpointsOverWire: true,
			faults: ({ operation, nth }) => (operation === "CheckpointDurableExecution" && nth === 1 ? STALE : undefined),
		},
		handler: async () => bare as DurableHandler,
	});

	expect(await harness.runRequest({ clusters: ["prod-a"] })).toMatchObject({ status: "FAILED" });
});
