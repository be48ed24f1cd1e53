import { type DurableContext, StepSemantics } from "@aws/durable-execution-sdk-js";
import type { Steps } from "./steps.ts";

/** No step is repeated by the engine unless the workflow says so: by default it would repeat wrong keys as well. */
const never = { retryStrategy: () => ({ shouldRetry: false }) } as const;
const atMostOnce = { ...never, semantics: StepSemantics.AtMostOncePerRetry };

/** The workflow's view of the durable engine. */
export function stepsOf(durable: DurableContext): Steps {
	/**
	 * Whether the last step was carried out by this process, and not read from the history. The SDK's logger can't tell:
	 * to it every line within a flat branch of a map is a new one, at each replay.
	 */
	let carriedOut = false;
	const noted = <T>(work: () => Promise<T>) => {
		carriedOut = false;
		return () => {
			carriedOut = true;
			return work();
		};
	};
	return {
		step: async (name, work) => durable.step(name, noted(work), never),
		once: async (name, work) => durable.step(name, noted(work), atMostOnce).catch(() => undefined),
		insist: async (name, work, pauseAfter) =>
			durable.step(name, work, {
				retryStrategy(error, tries) {
					const seconds = pauseAfter(tries, error);
					return seconds === "stop" ? { shouldRetry: false } : { shouldRetry: true, delay: { seconds } };
				},
			}),
		warn(message, fields, isRepeated) {
			if (carriedOut) durable.logger[isRepeated ? "debug" : "warn"](message, fields);
		},
		sleep: async (name, seconds) => durable.wait(name, { seconds }),
		until: async (name, initialState, check, next) =>
			durable.waitForCondition(name, check, {
				initialState,
				waitStrategy: (state) => {
					const seconds = next(state);
					return seconds === "stop" ? { shouldContinue: false } : { shouldContinue: true, delay: { seconds } };
				},
			}),
	};
}
