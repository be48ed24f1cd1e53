import type { Failure } from "./failure.ts";
import type { FinalState, Reason } from "./outcome.ts";
import { isRunning, type Snapshot } from "./snapshot.ts";

/**
 * The state of polling one snapshot. It is small, since every poll writes it to a checkpoint; the snapshot itself is kept
 * only once it has ended.
 */
export interface PollState {
	readonly snapshotId: string;
	readonly status: string;
	/** Polls made. */
	readonly polls: number;
	/** Failed polls in a row. */
	readonly failures: number;
	/** Polls in a row that did not find the snapshot, its cluster or its project. */
	readonly timesMissing: number;
	/** Epoch milliseconds of the first of them where it was the cluster or the project. */
	readonly clusterMissingSince?: number | undefined;
	/** Epoch milliseconds of the last check, with or without a poll. */
	readonly checkedAt: number;
	/** Why the last poll failed. */
	readonly reason?: Reason;
	/** Epoch milliseconds before which Atlas wants no further poll. */
	readonly notBefore?: number | undefined;
	/** The snapshot as Atlas returned it, once it has ended. */
	readonly ended?: Snapshot | undefined;
}

/** @param at epoch milliseconds @param notBefore epoch milliseconds before which Atlas wants no poll */
export function startPolling(snapshot: Snapshot, at: number, notBefore?: number): PollState {
	const before = { snapshotId: snapshot.id, status: "", polls: 0, failures: 0, timesMissing: 0, checkedAt: at };
	return { ...afterPoll(before, snapshot, at, 0), notBefore };
}

/** An unknown status is neither success nor failure. */
const hasEnded = ({ status }: Snapshot): boolean => status === "completed" || status === "failed";

/** @param at epoch milliseconds */
export const afterPoll = (before: PollState, snapshot: Snapshot, at: number, polls = 1): PollState => ({
	snapshotId: before.snapshotId,
	status: snapshot.status,
	polls: before.polls + polls,
	failures: 0,
	timesMissing: 0,
	checkedAt: at,
	ended: hasEnded(snapshot) ? snapshot : undefined,
});

/** Without its cluster or its project there is no snapshot to poll. */
const CLUSTER_MISSING: ReadonlySet<string> = new Set(["ATLAS_CLUSTER_NOT_FOUND", "ATLAS_PROJECT_NOT_FOUND"]);

/** Milliseconds for which every poll must say so before a cluster counts as deleted: it is read by name, not by id. */
const CLUSTER_MISSING_MS = 60 * 60_000;

/** A snapshot is gone at the second poll in a row that does not find it; with its cluster or project, after an hour. */
const isGone = ({ timesMissing, clusterMissingSince, checkedAt }: PollState): boolean =>
	timesMissing >= 2 && (clusterMissingSince === undefined || checkedAt - clusterMissingSince >= CLUSTER_MISSING_MS);

/**
 * A failed poll is counted, and says nothing about the snapshot unless it was not found.
 *
 * @param at epoch milliseconds
 */
export function afterFailedPoll(before: PollState, failure: Failure, at: number): PollState {
	const { retryAfterSeconds, reason, code } = failure;
	const clusterMissingSince = CLUSTER_MISSING.has(code) ? (before.clusterMissingSince ?? at) : undefined;
	const isMissing = clusterMissingSince !== undefined || code === "ATLAS_SNAPSHOT_NOT_FOUND";
	const isSame = (clusterMissingSince === undefined) === (before.clusterMissingSince === undefined);
	return {
		snapshotId: before.snapshotId,
		status: before.status,
		polls: before.polls + 1,
		failures: before.failures + 1,
		timesMissing: isMissing ? (isSame ? before.timesMissing : 0) + 1 : 0,
		clusterMissingSince,
		checkedAt: at,
		reason,
		notBefore: retryAfterSeconds === undefined ? undefined : at + retryAfterSeconds * 1000,
	};
}

/** A check before Atlas wants the next poll. @param at epoch milliseconds */
export const afterEarlyCheck = (before: PollState, at: number): PollState => ({ ...before, checkedAt: at });

/** `late` and `given-up` by the clock. */
export type PollStatus = "ended" | "gone" | "late" | "given-up" | "waiting";

/** @param limits epoch milliseconds; `deadlineAt` absent once LATE is published */
export function pollStatus(
	poll: PollState,
	limits: { readonly deadlineAt?: number | undefined; readonly hardLimitAt: number },
): PollStatus {
	if (poll.ended) return "ended";
	if (isGone(poll)) return "gone";
	if (poll.checkedAt >= limits.hardLimitAt) return "given-up";
	if (limits.deadlineAt !== undefined && poll.checkedAt >= limits.deadlineAt) return "late";
	return "waiting";
}

/** Whether another's snapshot no longer keeps Atlas from taking one. */
export const hasStoppedRunning = (poll: PollState): boolean =>
	poll.ended !== undefined ||
	poll.timesMissing > 0 ||
	(poll.failures === 0 && !isRunning({ id: poll.snapshotId, status: poll.status }));

/**
 * The final state of a polled snapshot. Only Atlas's `completed` makes one completed.
 *
 * @param hours for which it is polled at most
 */
export function finalOutcome(
	poll: PollState,
	hours: number,
): { readonly state: FinalState; readonly reason?: Reason; readonly snapshot?: Snapshot } {
	const { ended, reason, status } = poll;
	if (ended?.status === "completed") return { state: "COMPLETED", snapshot: ended };
	if (ended) return { state: "FAILED", snapshot: ended, reason: FAILED };
	if (isGone(poll)) return { state: "LOST", reason: reason ?? GONE };
	// Atlas's text may be of any length.
	const last = reason
		? `the last poll failed: ${reason.message}`
		: `its last status was ${JSON.stringify(status.slice(0, 40))}`;
	const message = `not ended after ${hours} hours, polling stopped; ${last}`;
	return { state: "LOST", reason: { code: "HARD_LIMIT", message } };
}

const FAILED: Reason = {
	code: "SNAPSHOT_FAILED",
	message: "Atlas reports that the snapshot failed; see the project's activity feed",
};

const GONE: Reason = { code: "SNAPSHOT_NOT_FOUND", message: "the snapshot is gone: someone deleted it while it ran" };
