import { type DurableContext, type DurableInstrumentationPlugin, StepSemantics } from "@aws/durable-execution-sdk-js";
import type { PublishStep } from "../domain/outcome.ts";

/**
 * What the workflow needs of a durable engine. A step is identified by its name and position at a replay. What it returns
 * is checkpointed as JSON, so it is plain data and never secret.
 */
export interface DurableSteps {
	/** Epoch milliseconds by AWS's clock at which AWS started the execution; absent where AWS did not say. */
	readonly executionStartedAt: number | undefined;
	/** Executes `work`, again if the process died within it. `work` must not reject. */
	step<T>(name: string, work: () => Promise<T>): Promise<T>;
	/** Executes `work` at most once; `undefined` where the process died within it. */
	once<T>(name: string, work: () => Promise<T>): Promise<T | undefined>;
	/**
	 * Executes `work` until it resolves.
	 *
	 * @param pauseAfter seconds before the next try after so many that failed, the last with this error; `stop` to give up
	 * @throws what `work` rejected with last
	 */
	insist<T>(
		name: PublishStep,
		work: () => Promise<T>,
		pauseAfter: (tries: number, error: Error) => number | "stop",
	): Promise<T>;
	/**
	 * Logs a warning about the step before, but not again at a replay. To be called between steps.
	 *
	 * @param isRepeated the same warning was written a moment ago: then it is written at level debug
	 */
	readonly warn: (message: string, fields: Readonly<Record<string, unknown>>, isRepeated?: boolean) => void;
	/** Waits so many whole seconds; suspended, at no cost. */
	sleep(name: string, seconds: number): Promise<void>;
	/**
	 * Checks until `next` says to stop, and waits the seconds that it returns in between. The first check comes at once.
	 * Neither may throw.
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

/** The engine repeats no step unless the workflow says so: its default would repeat wrong keys too. */
const never = { retryStrategy: () => ({ shouldRetry: false }) } as const;
const atMostOnce = { ...never, semantics: StepSemantics.AtMostOncePerRetry };

/** The workflow's view of the durable engine. */
export function createSteps(durable: DurableContext): DurableSteps {
	/**
	 * Whether this process executed the last step, instead of reading it from the history. The SDK's logger does not know:
	 * in a flat branch of a map it takes every line for a new one.
	 */
	let wasExecuted = false;
	const tracked = <T>(work: () => Promise<T>) => {
		wasExecuted = false;
		return () => {
			wasExecuted = true;
			return work();
		};
	};
	return {
		executionStartedAt: executionStarts.get(durable.executionContext.durableExecutionArn),
		step: async (name, work) => durable.step(name, tracked(work), never),
		once: async (name, work) => durable.step(name, tracked(work), atMostOnce).catch(() => undefined),
		insist: async (name, work, pauseAfter) =>
			durable.step(name, work, {
				retryStrategy(error, tries) {
					const seconds = pauseAfter(tries, error);
					return seconds === "stop" ? { shouldRetry: false } : { shouldRetry: true, delay: { seconds } };
				},
			}),
		warn(message, fields, isRepeated) {
			if (wasExecuted) durable.logger[isRepeated ? "debug" : "warn"](message, fields);
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
