import type { Expectation } from "../domain/expectation.ts";
import { judge } from "../domain/failure.ts";
import type { Reason, Target } from "../domain/outcome.ts";
import { afterMissing, afterSeeing, afterWaiting, standing, type Watch, watch } from "../domain/polling.ts";
import type { Run } from "../domain/run.ts";
import { requestTime, type Snapshot } from "../domain/snapshot.ts";
import type { CountedSteps } from "./operations.ts";
import { cut, pause, seedOf } from "./pace.ts";
import type { Ports } from "./ports.ts";

/** What bounds a watch: epoch milliseconds, and the pace in seconds. */
export interface Bounds {
	/** The run's start. */
	readonly startedAt: number;
	/** When the snapshot was asked for. */
	readonly since: number;
	/** When it was last seen. */
	readonly seenAt: number;
	/** Before which Atlas wants no poll. */
	readonly notBefore?: number | undefined;
	/** Absent once it has been told. */
	readonly deadlineAt?: number | undefined;
	readonly hardLimitAt: number;
	readonly firstPollSeconds: number;
	readonly expectation?: Expectation | undefined;
	/** Epoch milliseconds of the target's last warning. */
	readonly warnedAt?: number | undefined;
	/** Called at each check beside the poll, with what it returned last and 0 at first. Must not reject. */
	readonly beside?: (last: number) => Promise<number>;
}

/** What a check starts from, and what it leaves to the next. */
export interface Round {
	readonly watch: Watch;
	/** Whether a look is due. The first check makes none: Atlas has only just told us. */
	readonly due: boolean;
	/** Epoch milliseconds of the last warning. */
	readonly warnedAt?: number | undefined;
	/** What {@link Bounds.beside} returned last. */
	readonly beside: number;
}

/**
 * Polls a snapshot until it has ended, is gone for good, or a bound is reached. A failed poll never ends it. Each pause
 * is cut at the next bound; Atlas's Retry-After is honoured across it.
 */
export async function follow(
	ports: Ports,
	steps: CountedSteps,
	name: string,
	target: Target,
	from: Snapshot | Round,
	bounds: Bounds,
	warn: Warn,
): Promise<Round> {
	const { seenAt, notBefore, warnedAt: warnedBefore } = bounds;
	const begin: Round =
		"id" in from
			? { watch: watch(from, seenAt, notBefore), due: false, warnedAt: warnedBefore, beside: 0 }
			: { ...from, due: false };
	if (standing(begin.watch, bounds) !== "waiting") return begin;
	const { deadlineAt, hardLimitAt, startedAt, firstPollSeconds, since } = bounds;
	const bound = Math.min(deadlineAt ?? hardLimitAt, hardLimitAt);
	const pauseAfter = (seen: Watch): number | "stop" => {
		if (standing(seen, bounds) !== "waiting") return "stop";
		const { lookedAt, looks, snapshotId: id, notBefore = lookedAt } = seen;
		const least = steps.leastPause((lookedAt - startedAt) / 1000, 1);
		const wished = pause({
			elapsedSeconds: (lookedAt - since) / 1000,
			firstPollSeconds,
			expectation: bounds.expectation,
			seed: seedOf({ id }, looks),
			retryAfterSeconds: (notBefore - lookedAt) / 1000,
		});
		return cut(Math.max(wished, least), (bound - lookedAt) / 1000);
	};
	return steps.until<Round>(
		name,
		begin,
		async ({ watch: before, due, warnedAt, beside }) => {
			const besides = (await bounds.beside?.(beside)) ?? beside;
			const isDue = due && ports.now() >= (before.notBefore ?? 0);
			const seen = isDue ? await lookOnce(ports, target, before) : afterWaiting(before, ports.now());
			const warned =
				isDue && seen.failures > 0 ? warn(seen.reason, seen.lookedAt, warnedAt, pauseAfter(seen)) : warnedAt;
			if (deadlineAt === undefined) {
				if (due) ports.countLate(-1, before.lookedAt);
				if (standing(seen, bounds) === "waiting") ports.countLate(1, seen.lookedAt);
			}
			return { watch: seen, due: true, warnedAt: warned, beside: besides };
		},
		({ watch: seen }) => pauseAfter(seen),
	);
}

/** Waits until another's snapshot has ended, up to the deadline. */
export function waitForOther(
	ports: Ports,
	steps: CountedSteps,
	{ run }: Run,
	target: Target,
	snapshot: Snapshot,
	{
		startedAt,
		deadlineAt,
		firstPollSeconds,
	}: Pick<Bounds, "startedAt" | "firstPollSeconds"> & { readonly deadlineAt: number },
	known: Pick<Bounds, "seenAt" | "expectation" | "warnedAt">,
): Promise<Round> {
	const since = requestTime(snapshot);
	const bounds = { ...known, startedAt, since, deadlineAt, hardLimitAt: deadlineAt, firstPollSeconds };
	const warn = warnAbout(ports.warn, run, target, "Atlas does not say how another's snapshot stands");
	return follow(ports, steps, "wait-for-other", target, snapshot, bounds, warn);
}

async function lookOnce(ports: Ports, target: Target, before: Watch): Promise<Watch> {
	try {
		return afterSeeing(before, await ports.readSnapshot(target, before.snapshotId), ports.now());
	} catch (error) {
		const seen = afterMissing(before, judge(error), ports.now());
		return standing(seen, { hardLimitAt: Number.POSITIVE_INFINITY }) === "gone"
			? confirmGone(ports, target, seen)
			: seen;
	}
}

/** Gone is only what the list does not hold either: a read by id may find nothing of a snapshot that runs on. */
async function confirmGone(ports: Ports, target: Target, seen: Watch): Promise<Watch> {
	try {
		const listed = (await ports.listSnapshots(target)).find(({ id }) => id === seen.snapshotId);
		return listed ? afterSeeing(seen, listed, ports.now(), 0) : seen;
	} catch (error) {
		// Of a cluster that is gone, the list says the same.
		return seen.homelessSince !== undefined && judge(error).reason.code === seen.reason?.code
			? seen
			: { ...seen, missing: 1 };
	}
}

/** Milliseconds between two warnings about one target. */
const LEAST_BETWEEN = 5 * 60_000;

/**
 * Writes to the log that something about a target does not work, why, and when it is tried next: as a warning at most
 * once in five minutes, in between at level debug. The time of the last warning is kept by the caller, so that a replay
 * and another process know it.
 *
 * @param at epoch milliseconds, now
 * @param warnedAt epoch milliseconds of the last warning, where there was one
 * @param pause seconds until the next try
 * @returns epoch milliseconds of the last warning from now on
 */
export type Warn = (
	reason: Reason | undefined,
	at: number,
	warnedAt: number | undefined,
	pause: number | "stop",
) => number | undefined;

export const warnAbout =
	(write: Ports["warn"], run: string, { projectId, clusterName }: Target, subject: string): Warn =>
	(reason, at, warnedAt, pause) => {
		const isRepeated = warnedAt !== undefined && at - warnedAt < LEAST_BETWEEN;
		const fields = {
			run,
			project_id: projectId,
			cluster_name: clusterName,
			reason,
			next_try: pause === "stop" ? undefined : new Date(at + pause * 1000).toISOString(),
		};
		write(subject, fields, isRepeated);
		return isRepeated ? warnedAt : at;
	};
