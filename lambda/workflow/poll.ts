import type { ExpectedDuration } from "../domain/expectation.ts";
import { classifyFailure } from "../domain/failure.ts";
import {
	afterEarlyCheck,
	afterFailedPoll,
	afterPoll,
	type PollState,
	pollStatus,
	startPolling,
} from "../domain/polling.ts";
import { requestTime, type Snapshot } from "../domain/snapshot.ts";
import { backOffSeconds, cutSeconds, jitterSeed, pollPauseSeconds } from "./pauses.ts";
import type { TargetContext } from "./target-context.ts";
import { createTargetWarning, type TargetWarning } from "./warnings.ts";

/** The times of polling: epoch milliseconds, and the pace in seconds. */
export interface PollLimits {
	/** The run's start. */
	readonly startedAt: number;
	/** When the snapshot was requested. */
	readonly since: number;
	/** When it was last seen. */
	readonly seenAt: number;
	/** Before which Atlas wants no poll. */
	readonly notBefore?: number | undefined;
	/** Absent once LATE is published. */
	readonly deadlineAt?: number | undefined;
	readonly hardLimitAt: number;
	readonly firstPollSeconds: number;
	readonly expectation?: ExpectedDuration | undefined;
	/** Epoch milliseconds of the target's last warning. */
	readonly warnedAt?: number | undefined;
	/** Offers again what the bus rejected; called at each check with what it returned last. Must not reject. */
	readonly offerAgain?: (last: number) => Promise<number>;
	/** What it returned before. */
	readonly reoffered?: number | undefined;
}

/** The state from check to check. */
export interface PollRound {
	readonly poll: PollState;
	/** False at the first check, which does not poll: Atlas has only just answered. */
	readonly isDue: boolean;
	/** Epoch milliseconds of the last warning. */
	readonly warnedAt?: number | undefined;
	/** What {@link PollLimits.offerAgain} returned last. */
	readonly reoffered: number;
}

/** Failed polls in a row that are repeated by the back-off, where that is sooner than the pace. */
const FAILURES_REPEATED_SOON = 3;

/**
 * Polls a snapshot until it has ended, is gone for good, or a limit is reached. A failed poll never ends it. Each pause
 * is cut at the next limit; Retry-After is honoured across it.
 */
export async function pollSnapshot(
	context: TargetContext,
	name: string,
	from: Snapshot | PollRound,
	limits: PollLimits,
	warn: TargetWarning,
): Promise<PollRound> {
	const { ports, steps } = context;
	const { seenAt, deadlineAt, hardLimitAt, startedAt, firstPollSeconds, since } = limits;
	const begin: PollRound =
		"id" in from
			? {
					poll: startPolling(from, seenAt, limits.notBefore),
					isDue: false,
					warnedAt: limits.warnedAt,
					reoffered: limits.reoffered ?? 0,
				}
			: { ...from, isDue: false };
	if (pollStatus(begin.poll, limits) !== "waiting") return begin;
	const endsAt = Math.min(deadlineAt ?? hardLimitAt, hardLimitAt);
	const pauseAfter = (poll: PollState): number | "stop" => {
		if (pollStatus(poll, limits) !== "waiting") return "stop";
		const { checkedAt, polls, failures, snapshotId: id, notBefore = checkedAt } = poll;
		const seed = jitterSeed({ id }, polls);
		const retryAfterSeconds = (notBefore - checkedAt) / 1000;
		const regular = pollPauseSeconds({
			elapsedSeconds: (checkedAt - since) / 1000,
			firstPollSeconds,
			// A failed poll is not put off because the snapshot is expected to end much later.
			expectation: failures > 0 ? undefined : limits.expectation,
			seed,
			retryAfterSeconds,
		});
		const isRepeatedSoon = failures > 0 && failures <= FAILURES_REPEATED_SOON;
		const pause = isRepeatedSoon ? Math.min(regular, backOffSeconds(failures, seed, retryAfterSeconds)) : regular;
		const least = steps.leastPause((checkedAt - startedAt) / 1000, 1);
		return cutSeconds(Math.max(pause, least), (endsAt - checkedAt) / 1000);
	};
	return steps.until<PollRound>(
		name,
		begin,
		async (before) => {
			const reoffered = (await limits.offerAgain?.(before.reoffered)) ?? before.reoffered;
			const isDue = before.isDue && ports.now() >= (before.poll.notBefore ?? 0);
			const poll = isDue ? await pollOnce(context, before.poll) : afterEarlyCheck(before.poll, ports.now());
			const warnedAt =
				isDue && poll.failures > 0
					? warn(poll.reason, poll.checkedAt, before.warnedAt, pauseAfter(poll))
					: before.warnedAt;
			if (deadlineAt === undefined) {
				if (before.isDue) ports.countLate(-1, before.poll.checkedAt);
				if (pollStatus(poll, limits) === "waiting") ports.countLate(1, poll.checkedAt);
			}
			return { poll, isDue: true, warnedAt, reoffered };
		},
		({ poll }) => pauseAfter(poll),
	);
}

/** Waits until another's snapshot has ended, up to the deadline. */
export function waitForOther(
	context: TargetContext,
	snapshot: Snapshot,
	limits: Omit<PollLimits, "since" | "hardLimitAt"> & { readonly deadlineAt: number },
): Promise<PollRound> {
	const { ports, run, target } = context;
	const { startedAt, deadlineAt, firstPollSeconds, seenAt, expectation, warnedAt } = limits;
	const times = { startedAt, since: requestTime(snapshot), seenAt, deadlineAt, hardLimitAt: deadlineAt };
	const warn = createTargetWarning(ports.warn, run.run, target, "Atlas does not report another's snapshot");
	return pollSnapshot(context, "wait-for-other", snapshot, { ...times, firstPollSeconds, expectation, warnedAt }, warn);
}

async function pollOnce(context: TargetContext, before: PollState): Promise<PollState> {
	const { ports, target } = context;
	try {
		return afterPoll(before, await ports.readSnapshot(target, before.snapshotId), ports.now());
	} catch (error) {
		const poll = afterFailedPoll(before, classifyFailure(error), ports.now());
		const isGone = pollStatus(poll, { hardLimitAt: Number.POSITIVE_INFINITY }) === "gone";
		return isGone ? confirmGone(context, poll) : poll;
	}
}

/** A snapshot is gone only if the list does not hold it either: a read by id may miss one that still runs. */
async function confirmGone({ ports, target }: TargetContext, poll: PollState): Promise<PollState> {
	try {
		const listed = (await ports.listSnapshots(target)).find(({ id }) => id === poll.snapshotId);
		return listed ? afterPoll(poll, listed, ports.now(), 0) : poll;
	} catch (error) {
		// The list of a deleted cluster fails for the same reason.
		const isSame = poll.clusterMissingSince !== undefined && classifyFailure(error).reason.code === poll.reason?.code;
		return isSame ? poll : { ...poll, timesMissing: 1 };
	}
}
