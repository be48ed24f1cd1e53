import type { Reason } from "../domain/outcome.ts";
import type { Run } from "../domain/run.ts";
import type { CountedSteps } from "./operations.ts";
import type { Ports } from "./ports.ts";
import type { SelectedTarget } from "./select.ts";

/** What every part of a target's workflow works with. */
export interface TargetContext {
	readonly ports: Ports;
	readonly steps: CountedSteps;
	readonly run: Run;
	readonly target: SelectedTarget;
}

/** Durable operations. */
interface BackOffOperations {
	/** That a pause takes along with what follows it. */
	readonly each: number;
	/** That are kept for what comes at fixed times. */
	readonly kept: number;
}

/** The times of one target: epoch milliseconds, and the pace in seconds. */
export interface TargetLimits {
	readonly startedAt: number;
	readonly deadlineAt: number;
	readonly hardLimitAt: number;
	readonly firstPollSeconds: number;
	/** Where Atlas asked to wait before the first request: how long, and why. */
	readonly hold?: { readonly seconds: number; readonly reason: Reason | undefined } | undefined;
	/**
	 * Seconds before the next request or lookup after so many failures in a row. It grows to half an hour and more, honours
	 * Retry-After, and stays within the target's durable operations.
	 *
	 * @param at epoch milliseconds, now
	 */
	readonly backOff: (attempt: number, at: number, operations: BackOffOperations, retryAfterSeconds?: number) => number;
}
