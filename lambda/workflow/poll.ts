import type { ExpectedDuration } from "../domain/expectation.ts";
import { classifyFailure } from "../domain/failure.ts";
import type { Reason, Target } from "../domain/outcome.ts";
import {
	afterEarlyCheck,
	afterFailedPoll,
	afterPoll,
	type PollState,
	pollStatus,
	startPolling,
} from "../domain/polling.ts";
import type { Run } from "../domain/run.ts";
import { requestTime, type Snapshot } from "../domain/snapshot.ts";
import type { CountedSteps } from "./operations.ts";
import { backOffSeconds, cutSeconds, jitterSeed, pollPauseSeconds } from "./pace.ts";
import type { Ports } from "./ports.ts";

/** What bounds a watch: epoch milliseconds, and the pace in seconds. */
export interface PollLimits {
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
	readonly expectation?: ExpectedDuration | undefined;
	/** Epoch milliseconds of the target's last warning. */
	readonly warnedAt?: number | undefined;
	/** Called at each check beside the poll, with what it returned last and 0 at first. Must not reject. */
	readonly beside?: (last: number) => Promise<number>;
}

/** What a check starts from, and what it leaves to the next. */
export interface PollRound {
	readonly watch: PollState;
	/** Whether a look is due. The first check makes none: Atlas has only just told us. */
	readonly due: boolean;
	/** Epoch milliseconds of the last warning. */
	readonly warnedAt?: number | undefined;
	/** What {@link PollLimits.beside} returned last. */
	readonly beside: number;
}

/** Polls in a row that failed which are repeated by the back-off, where that is sooner than the pace. */
const SOON_REPEATED = 3;

/**
 * Polls a snapshot until it has ended, is gone for good, or a bound is reached. A failed poll never ends it. Each pause
 * is cut at the next bound; Atlas's Retry-After is honoured across it.
 */
export async function pollSnapshot(
	ports: Ports,
	steps: CountedSteps,
	name: string,
	target: Target,
	from: Snapshot | PollRound,
	bounds: PollLimits,
	warn: WarnAtMostEveryFiveMinutes,
): Promise<PollRound> {
	const { seenAt, notBefore, warnedAt: warnedBefore } = bounds;
	const begin: PollRound =
		"id" in from
			? { watch: startPolling(from, seenAt, notBefore), due: false, warnedAt: warnedBefore, beside: 0 }
			: { ...from, due: false };
	if (pollStatus(begin.watch, bounds) !== "waiting") return begin;
	const { deadlineAt, hardLimitAt, startedAt, firstPollSeconds, since } = bounds;
	const bound = Math.min(deadlineAt ?? hardLimitAt, hardLimitAt);
	const pauseAfter = (seen: PollState): number | "stop" => {
		if (pollStatus(seen, bounds) !== "waiting") return "stop";
		const { lookedAt, looks, failures, snapshotId: id, notBefore = lookedAt } = seen;
		const least = steps.leastPause((lookedAt - startedAt) / 1000, 1);
		const seed = jitterSeed({ id }, looks);
		const retryAfterSeconds = (notBefore - lookedAt) / 1000;
		const regular = pollPauseSeconds({
			elapsedSeconds: (lookedAt - since) / 1000,
			firstPollSeconds,
			// What was expected of the snapshot is no reason to wait for what failed.
			expectation: failures > 0 ? undefined : bounds.expectation,
			seed,
			retryAfterSeconds,
		});
		const isRepeatedSoon = failures > 0 && failures <= SOON_REPEATED;
		const wished = isRepeatedSoon ? Math.min(regular, backOffSeconds(failures, seed, retryAfterSeconds)) : regular;
		return cutSeconds(Math.max(wished, least), (bound - lookedAt) / 1000);
	};
	return steps.until<PollRound>(
		name,
		begin,
		async ({ watch: before, due, warnedAt, beside }) => {
			const besides = (await bounds.beside?.(beside)) ?? beside;
			const isDue = due && ports.now() >= (before.notBefore ?? 0);
			const seen = isDue ? await lookOnce(ports, target, before) : afterEarlyCheck(before, ports.now());
			const warned =
				isDue && seen.failures > 0 ? warn(seen.reason, seen.lookedAt, warnedAt, pauseAfter(seen)) : warnedAt;
			if (deadlineAt === undefined) {
				if (due) ports.countLate(-1, before.lookedAt);
				if (pollStatus(seen, bounds) === "waiting") ports.countLate(1, seen.lookedAt);
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
	}: Pick<PollLimits, "startedAt" | "firstPollSeconds"> & { readonly deadlineAt: number },
	known: Pick<PollLimits, "seenAt" | "expectation" | "warnedAt">,
): Promise<PollRound> {
	const since = requestTime(snapshot);
	const bounds = { ...known, startedAt, since, deadlineAt, hardLimitAt: deadlineAt, firstPollSeconds };
	const warn = createTargetWarning(ports.warn, run, target, "Atlas does not say how another's snapshot stands");
	return pollSnapshot(ports, steps, "wait-for-other", target, snapshot, bounds, warn);
}

async function lookOnce(ports: Ports, target: Target, before: PollState): Promise<PollState> {
	try {
		return afterPoll(before, await ports.readSnapshot(target, before.snapshotId), ports.now());
	} catch (error) {
		const seen = afterFailedPoll(before, classifyFailure(error), ports.now());
		return pollStatus(seen, { hardLimitAt: Number.POSITIVE_INFINITY }) === "gone"
			? confirmGone(ports, target, seen)
			: seen;
	}
}

/** Gone is only what the list does not hold either: a read by id may find nothing of a snapshot that runs on. */
async function confirmGone(ports: Ports, target: Target, seen: PollState): Promise<PollState> {
	try {
		const listed = (await ports.listSnapshots(target)).find(({ id }) => id === seen.snapshotId);
		return listed ? afterPoll(seen, listed, ports.now(), 0) : seen;
	} catch (error) {
		// Of a cluster that is gone, the list says the same.
		return seen.homelessSince !== undefined && classifyFailure(error).reason.code === seen.reason?.code
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
export type WarnAtMostEveryFiveMinutes = (
	reason: Reason | undefined,
	at: number,
	warnedAt: number | undefined,
	pause: number | "stop",
) => number | undefined;

export const createTargetWarning =
	(
		write: Ports["warn"],
		run: string,
		{ projectId, clusterName }: Target,
		subject: string,
	): WarnAtMostEveryFiveMinutes =>
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
