import type { PublishStep } from "../domain/publish-step.ts";

/**
 * What the story asks of a durable engine. Names are identity at a replay: static, in the order of the story. What a
 * step returns is checkpointed as JSON, so it is plain data and never secret.
 */
export interface Steps {
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
