import { type DurableContext, type DurableInstrumentationPlugin, StepSemantics } from "@aws/durable-execution-sdk-js";
import type { PublishStep } from "../domain/outcome.ts";

/**
 * What the story asks of a durable engine. Names are identity at a replay: static, in the order of the story. What a
 * step returns is checkpointed as JSON, so it is plain data and never secret.
 */
export interface DurableSteps {
	/** Epoch milliseconds by AWS's clock at which AWS started the execution; absent where AWS did not say. */
	readonly executionStartedAt: number | undefined;
	/** Carries out `work`, again if the process died within it. `work` must not reject. */
	step<T>(name: string, work: () => Promise<T>): Promise<T>;
	/** Carries out `work` at most once. `undefined` where the process died within it: nobody knows how far it came. */
	once<T>(name: string, work: () => Promise<T>): Promise<T | undefined>;
	/**
	 * Carries out `work` again and again until it resolves.
	 *
	 * @param pauseAfter seconds before the next try after so many that failed, the last with this error; `stop` to give up
	 * @throws what `work` rejected with last, when it was given up
	 */
	insist<T>(
		name: PublishStep,
		work: () => Promise<T>,
		pauseAfter: (tries: number, error: Error) => number | "stop",
	): Promise<T>;
	/**
	 * Writes a warning about the step before to the log, once: not again at a replay. To be called between steps.
	 *
	 * @param isRepeated the same was warned of a moment ago: then it is written at level debug
	 */
	readonly warn: (message: string, fields: Readonly<Record<string, unknown>>, isRepeated?: boolean) => void;
	/** Sleeps so many whole seconds, at no cost. */
	sleep(name: string, seconds: number): Promise<void>;
	/**
	 * Checks until `next` says to stop; sleeps the seconds that it returns in between. Neither may throw: that would end
	 * the wait at once. The first check comes without a wait.
	 */
	until<T>(name: string, initial: T, check: (state: T) => Promise<T>, next: (state: T) => number | "stop"): Promise<T>;
}

/** Epoch milliseconds at which AWS started the executions that this process works on, by their ARNs. */
const executionStarts = new Map<string, number>();

/** Keeps what only plugins of the SDK are given: the execution's start by AWS's clock. That of the function may be wrong. */
export const keepExecutionStart: DurableInstrumentationPlugin = {
	async onInvocationStart({ executionArn, executionStartTimestamp }) {
		if (executionStartTimestamp) executionStarts.set(executionArn, executionStartTimestamp.getTime());
	},
	async onInvocationEnd({ executionArn }) {
		executionStarts.delete(executionArn);
	},
};

/** No step is repeated by the engine unless the workflow says so: by default it would repeat wrong keys as well. */
const never = { retryStrategy: () => ({ shouldRetry: false }) } as const;
const atMostOnce = { ...never, semantics: StepSemantics.AtMostOncePerRetry };

/** The workflow's view of the durable engine. */
export function createSteps(durable: DurableContext): DurableSteps {
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
		executionStartedAt: executionStarts.get(durable.executionContext.durableExecutionArn),
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
