import type { LambdaClient } from "@aws-sdk/client-lambda";
import { checkRequestLimits, type RequestLimits } from "../domain/limits.ts";
import type { Run } from "../domain/run.ts";
import { createDurableExecutions } from "./lambda-api.ts";
import { pendingTargets, type RunStatus, readRunStatus } from "./status.ts";

/** Starts and reads runs. */
export interface Runs {
	/**
	 * Starts a run, unless it was started before.
	 *
	 * @throws ServiceError `RUN_NAME_TAKEN`, `START_FAILED` (transient), `CONFIG_INVALID`
	 */
	readonly start: (run: Run) => Promise<void>;
	/**
	 * @returns `undefined` for a run that does not exist, or is no longer retained
	 * @throws ServiceError `READ_FAILED` (transient), `CONFIG_INVALID`
	 */
	readonly read: (run: string) => Promise<RunStatus | undefined>;
}

/** Milliseconds for which the status of a run that has ended is cached. */
const ENDED_MAX_AGE_MS = 300_000;
/** Milliseconds for which a status is cached per history that was read for it, and in total. */
const MAX_AGE_PER_HISTORY_MS = 800;
const RUNNING_MAX_AGE_MS = 10_000;
/** Targets of one execution: a larger run has one history per part. */
const TARGETS_PER_HISTORY = 25;
/** Milliseconds for which a started run counts as running though AWS does not list it yet. */
const START_GRACE_MS = 60_000;
/** Entries of each cache. */
const CACHE_SIZE = 1000;

/**
 * @param functionArn of the durable function's alias
 * @param now epoch milliseconds
 */
export function createRuns(lambda: LambdaClient, functionArn: string, now: () => number): Runs {
	const executions = createDurableExecutions(lambda, functionArn);
	const arns = createCache<string>(CACHE_SIZE);
	const starts = createCache<{ readonly run: Run; readonly at: number }>(CACHE_SIZE);

	async function read(name: string): Promise<RunStatus | undefined> {
		const known = arns.get(name);
		const status = known && (await readRunStatus(executions, name, known));
		if (status) return status;
		const arn = await executions.find(name);
		if (arn === undefined) return justStarted(name);
		arns.set(name, arn);
		return (await readRunStatus(executions, name, arn)) ?? justStarted(name);
	}

	/** AWS queues an asynchronous start, so it may list the execution only seconds later. */
	function justStarted(name: string): RunStatus | undefined {
		const start = starts.get(name);
		if (start === undefined || now() - start.at > START_GRACE_MS) return undefined;
		const { requestedBy, request } = start.run;
		return { run: name, requestedBy, status: "RUNNING", targets: pendingTargets(request), startedAt: start.at };
	}

	return {
		async start(run) {
			const arn = await executions.start(run);
			if (arn !== undefined) arns.set(run.run, arn);
			starts.set(run.run, { run, at: now() });
		},
		read: shareReads(read, maxAgeOf, now, CACHE_SIZE),
	};
}

/** Many callers may poll one run, and AWS's limits are low: a status that costs more reads is cached longer. */
function maxAgeOf(status: RunStatus | undefined): number {
	if (status?.status !== "RUNNING") return status ? ENDED_MAX_AGE_MS : 0;
	const histories = Math.max(1, Math.ceil(status.targets.length / TARGETS_PER_HISTORY));
	return Math.min(RUNNING_MAX_AGE_MS, MAX_AGE_PER_HISTORY_MS * histories);
}

/** Checks every start against the operator's limits. */
export const withRequestLimits = (runs: Runs, limits: RequestLimits): Runs => ({
	...runs,
	async start(run) {
		checkRequestLimits(limits, run);
		await runs.start(run);
	},
});

/**
 * Caches the results of reads, and shares a read among all who request the same key meanwhile. Failures are not cached.
 *
 * @param maxAge milliseconds for which a result is cached
 * @param now epoch milliseconds
 */
export function shareReads<T>(
	read: (key: string) => Promise<T>,
	maxAge: (result: T) => number,
	now: () => number,
	capacity: number,
): (key: string) => Promise<T> {
	const cache = createCache<{ readonly result: Promise<T>; until: number }>(capacity);
	return (key) => {
		const cached = cache.get(key);
		if (cached && now() < cached.until) return cached.result;
		const entry = { result: read(key), until: Number.POSITIVE_INFINITY };
		entry.result.then(
			(result) => {
				entry.until = now() + maxAge(result);
			},
			() => {
				entry.until = 0;
			},
		);
		cache.set(key, entry);
		return entry.result;
	};
}

/** A map that drops the oldest entry when it is full. */
export function createCache<T>(capacity: number): Pick<Map<string, T>, "get"> & { set(key: string, value: T): void } {
	const entries = new Map<string, T>();
	return {
		get: (key) => entries.get(key),
		set(key, value) {
			entries.delete(key);
			const [oldest] = entries.keys();
			if (entries.size >= capacity && oldest !== undefined) entries.delete(oldest);
			entries.set(key, value);
		},
	};
}
