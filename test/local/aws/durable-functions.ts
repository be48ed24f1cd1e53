import { withDurableExecution } from "@aws/durable-execution-sdk-js";

interface Payload {
	readonly looks: number;
	readonly parts?: number;
	readonly fail?: boolean;
}

class Incomplete extends Error {
	override readonly name = "INCOMPLETE";
}

/** A durable function as small as can be that steps, waits, chains itself and fails when it is told to. */
export const counting = withDurableExecution(async (payload: Payload, durable) => {
	const taken = await durable.step("take", async () => "taken");
	const looks = await durable.waitForCondition("follow", async (seen: number) => seen + 1, {
		initialState: 0,
		waitStrategy: (seen) =>
			seen < payload.looks ? { shouldContinue: true, delay: { seconds: 1 } } : { shouldContinue: false },
	});
	if (payload.fail) throw new Incomplete("not every target completed");
	if (payload.parts === undefined) return { taken, looks };
	const self = durable.lambdaContext.invokedFunctionArn;
	const parts = await durable.map(
		"parts",
		Array.from({ length: payload.parts }, (_, i) => i),
		(branch) => branch.invoke<Payload, { taken: string }>("part", self, { looks: 1 }),
	);
	return { taken, looks, parts: parts.getResults() };
});
