import timers from "node:timers";

/**
 * To be imported before everything else. The durable runner keeps the `setTimeout` that it finds when it is loaded, and
 * rests by it for a tenth of a second at each execution's end: here by the simulated clock, once there is one.
 */
const { setTimeout } = globalThis;
type Input = Parameters<typeof setTimeout>;
Object.assign(globalThis, {
	setTimeout: Object.assign((...input: Input) => timers.setTimeout(...input), setTimeout),
});
