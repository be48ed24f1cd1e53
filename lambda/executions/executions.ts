import type { LambdaClient } from "@aws-sdk/client-lambda";
import { checkRequestLimits, type RequestLimits } from "../domain/limits.ts";
import type { Run } from "../domain/run.ts";
import { createDurableExecutions } from "./lambda-api.ts";
import { createRunStarter } from "./start.ts";
import { pendingTargets, type RunStatus, readRunStatus } from "./status.ts";

/** The durable engine from outside. */
export interface Runs {
	/**
	 * Starts a run, or finds that it was started before.
	 *
	 * @throws ServiceError `RUN_NAME_TAKEN`, `START_FAILED` (transient), `CONFIG_INVALID`
	 */
	readonly start: (run: Run) => Promise<void>;
	/**
	 * @returns `undefined` for a run that never was, or whose retention is over
	 * @throws ServiceError `READ_FAILED` (transient), `CONFIG_INVALID`
	 */
	readonly read: (run: string) => Promise<RunStatus | undefined>;
}

/** Milliseconds for which the reading of a run that has ended serves other askers. */
const ENDED_FRESH_MS = 300_000;
/** Milliseconds for which the reading of one execution serves other askers, and at most, of all executions of a run. */
const RUNNING_FRESH_MS = 800;
const LONGEST_FRESH_MS = 10_000;
/** As many targets as one execution carries out: a larger run is read from one history for each part. */
const TARGETS_PER_HISTORY = 25;
/** Milliseconds after its start for which a run counts as running though AWS doesn't list it yet. */
const START_GRACE_MS = 60_000;
/** Entries of each memory; the oldest give way. */
const REMEMBERED = 1000;

/** @param now epoch milliseconds */
export function createRuns(lambda: LambdaClient, functionArn: string, now: () => number): Runs {
	const start = createRunStarter(lambda, functionArn);
	const executions = createDurableExecutions(lambda, functionArn);
	const arns = createCache<string>(REMEMBERED);
	const starts = createCache<{ readonly run: Run; readonly at: number }>(REMEMBERED);

	async function look(name: string): Promise<RunStatus | undefined> {
		const known = arns.get(name);
		const status = known === undefined ? undefined : await readRunStatus(executions, name, known);
		return status ?? (await lookUp(name)) ?? justStarted(name);
	}

	async function lookUp(name: string): Promise<RunStatus | undefined> {
		const arn = await executions.find(name);
		if (arn === undefined) return undefined;
		arns.set(name, arn);
		return readRunStatus(executions, name, arn);
	}

	/** AWS queues an asynchronous start, so that an execution may be listed only seconds later. */
	function justStarted(name: string): RunStatus | undefined {
		const start = starts.get(name);
		if (start === undefined || now() - start.at > START_GRACE_MS) return undefined;
		const { requestedBy, request } = start.run;
		return { run: name, requestedBy, status: "RUNNING", targets: pendingTargets(request), startedAt: start.at };
	}

	return {
		async start(run) {
			const arn = await start(run);
			if (arn !== undefined) arns.set(run.run, arn);
			starts.set(run.run, { run, at: now() });
		},
		read: shareReads(look, freshFor, now, REMEMBERED),
	};
}

/** Many may follow one run, and AWS's limits are low: the more a reading costs, the longer it serves. */
function freshFor(status: RunStatus | undefined): number {
	if (status?.status !== "RUNNING") return status ? ENDED_FRESH_MS : 0;
	const histories = Math.max(1, Math.ceil(status.targets.length / TARGETS_PER_HISTORY));
	return Math.min(LONGEST_FRESH_MS, RUNNING_FRESH_MS * histories);
}

/** The engine behind the operator's limits: every start passes them, whoever asks for it and by which trigger. */
export const limitStarts = (engine: Runs, limits: RequestLimits): Runs => ({
	...engine,
	async start(run) {
		checkRequestLimits(limits, run);
		await engine.start(run);
	},
});

/**
 * Lets askers share a look: all of them while it is under way, then for as long as its result is fresh. A failure is
 * told to those who waited for it, and forgotten.
 *
 * @param freshFor milliseconds for which a result serves
 * @param now epoch milliseconds
 */
export function shareReads<T>(
	look: (key: string) => Promise<T>,
	freshFor: (result: T) => number,
	now: () => number,
	capacity: number,
): (key: string) => Promise<T> {
	const underWay = new Map<string, Promise<T>>();
	const seen = createCache<{ readonly result: T; readonly until: number }>(capacity);

	return (key) => {
		const fresh = seen.get(key);
		if (fresh && now() < fresh.until) return Promise.resolve(fresh.result);
		const running = underWay.get(key);
		if (running) return running;
		const reading = look(key)
			.then((result) => {
				seen.set(key, { result, until: now() + freshFor(result) });
				return result;
			})
			.finally(() => underWay.delete(key));
		underWay.set(key, reading);
		return reading;
	};
}

/** A map that forgets: the oldest entry gives way to the newest when it is full. */
export interface Cache<T> {
	get(key: string): T | undefined;
	set(key: string, value: T): void;
}

export function createCache<T>(capacity: number): Cache<T> {
	const entries = new Map<string, T>();
	return {
		get: (key) => entries.get(key),
		set(key, value) {
			entries.delete(key);
			entries.set(key, value);
			if (entries.size <= capacity) return;
			const oldest = entries.keys().next();
			if (!oldest.done) entries.delete(oldest.value);
		},
	};
}
