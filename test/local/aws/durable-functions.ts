import { withDurableExecution } from "@aws/durable-execution-sdk-js";

interface Payload {
	readonly polls: number;
	readonly parts?: number;
	readonly fail?: boolean;
}

class Incomplete extends Error {
	override readonly name = "INCOMPLETE";
}

/** A small durable function that steps, waits, invokes itself and fails where the payload says so. */
export const counting = withDurableExecution(async (payload: Payload, durable) => {
	const taken = await durable.step("take", async () => "taken");
	const polls = await durable.waitForCondition("follow", async (seen: number) => seen + 1, {
		initialState: 0,
		waitStrategy: (seen) =>
			seen < payload.polls ? { shouldContinue: true, delay: { seconds: 1 } } : { shouldContinue: false },
	});
	if (payload.fail) throw new Incomplete("not every target completed");
	if (payload.parts === undefined) return { taken, polls };
	const self = durable.lambdaContext.invokedFunctionArn;
	const parts = await durable.map(
		"parts",
		Array.from({ length: payload.parts }, (_, i) => i),
		(branch) => branch.invoke<Payload, { taken: string }>("part", self, { polls: 1 }),
	);
	return { taken, polls, parts: parts.getResults() };
});
