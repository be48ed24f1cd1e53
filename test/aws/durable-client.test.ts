import { type DurableContext, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { expect, test } from "vitest";
import type { DurableHandler } from "../../local/aws/engine.ts";
import { startHarness } from "../harness/harness.ts";

/** The service's own words. */
const STALE = {
	do: "fail",
	status: 400,
	code: "InvalidParameterValueException",
	message: "Invalid checkpoint token",
} as const;

test("the SDK by itself ends a run at a stale token; once it does not, connect/durable-client.ts is to go", async () => {
	const bare = withDurableExecution((_input: unknown, durable: DurableContext) => durable.wait("a", { seconds: 1 }));
	await using stage = await startHarness({
		aws: {
			checkpointsOverWire: true,
			faults: ({ operation, nth }) => (operation === "CheckpointDurableExecution" && nth === 1 ? STALE : undefined),
		},
		handler: async () => bare as DurableHandler,
	});

	expect(await stage.runRequest({ clusters: ["prod-a"] })).toMatchObject({ status: "FAILED" });
});
