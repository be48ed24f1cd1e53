import type { Failure } from "./failure.ts";
import type { FinalState, Reason } from "./outcome.ts";
import { isRunning, type Snapshot } from "./snapshot.ts";

/**
 * A snapshot being followed: what a checkpoint keeps between two looks. Small on purpose, since it is written at every
 * look; the snapshot itself is kept only once it has ended.
 */
export interface PollState {
	readonly snapshotId: string;
	readonly status: string;
	/** Looks made. */
	readonly looks: number;
	/** Looks in a row that failed. */
	readonly failures: number;
	/** Looks in a row that found the snapshot, its cluster or its project gone. */
	readonly missing: number;
	/** Epoch milliseconds of the first of them where it was the cluster or the project. */
	readonly homelessSince?: number;
	/** Epoch milliseconds of the last check, whether or not it looked. */
	readonly lookedAt: number;
	/** Of the last look, if it failed. */
	readonly reason?: Reason;
	/** Epoch milliseconds before which Atlas wants no further look. */
	readonly notBefore?: number;
	/** The snapshot as Atlas returned it, once it has ended. */
	readonly ended?: Snapshot;
}

/** Starts with what Atlas has just said. @param notBefore epoch milliseconds before which Atlas wants no look */
export function startPolling(snapshot: Snapshot, at: number, notBefore?: number): PollState {
	const before = { snapshotId: snapshot.id, status: "", looks: 0, failures: 0, missing: 0, lookedAt: at };
	const seen = afterPoll(before, snapshot, at, 0);
	return notBefore === undefined ? seen : { ...seen, notBefore };
}

/** Whether Atlas has said its last word. An unknown status is neither success nor failure. */
const hasEnded = ({ status }: Snapshot): boolean => status === "completed" || status === "failed";

/** @param at epoch milliseconds */
export function afterPoll(before: PollState, snapshot: Snapshot, at: number, look = 1): PollState {
	return {
		snapshotId: before.snapshotId,
		status: snapshot.status,
		looks: before.looks + look,
		failures: 0,
		missing: 0,
		lookedAt: at,
		...(hasEnded(snapshot) ? { ended: snapshot } : {}),
	};
}

/** Without its cluster or its project there is no snapshot to follow. */
const HOMES: ReadonlySet<string> = new Set(["ATLAS_CLUSTER_NOT_FOUND", "ATLAS_PROJECT_NOT_FOUND"]);

/** Milliseconds for which nothing else must be heard before it is believed: a cluster is not read by its id. */
const HOMELESS_MS = 60 * 60_000;

/** Whether a second look in a row found nothing; of the cluster or project, whether all looks of an hour did. */
const isGone = ({ missing, homelessSince, lookedAt }: PollState): boolean =>
	missing >= 2 && (homelessSince === undefined || lookedAt - homelessSince >= HOMELESS_MS);

/**
 * A look that failed: counted and looked past, whatever it was, since the snapshot is there all the same.
 *
 * @param at epoch milliseconds
 */
export function afterFailedPoll(before: PollState, verdict: Failure, at: number): PollState {
	const { retryAfterSeconds, reason, code } = verdict;
	const homelessSince = HOMES.has(code) ? (before.homelessSince ?? at) : undefined;
	const isSame = (homelessSince === undefined) === (before.homelessSince === undefined);
	const isMissing = homelessSince !== undefined || code === "ATLAS_SNAPSHOT_NOT_FOUND";
	return {
		snapshotId: before.snapshotId,
		status: before.status,
		looks: before.looks + 1,
		failures: before.failures + 1,
		missing: isMissing ? (isSame ? before.missing : 0) + 1 : 0,
		...(homelessSince === undefined ? {} : { homelessSince }),
		lookedAt: at,
		reason,
		...(retryAfterSeconds === undefined ? {} : { notBefore: at + retryAfterSeconds * 1000 }),
	};
}

/**
 * A check that came before Atlas wants the next look: time has passed, nothing else.
 *
 * @param at epoch milliseconds
 */
export const afterEarlyCheck = (before: PollState, at: number): PollState => ({ ...before, lookedAt: at });

/** Where a watch stands. `gone`: see {@link isGone}. `late` and `given-up` by the clock. */
export type PollStatus = "ended" | "gone" | "late" | "given-up" | "waiting";

/** @param limits epoch milliseconds; `deadlineAt` absent once it has been told */
export function pollStatus(
	seen: PollState,
	limits: { readonly deadlineAt?: number | undefined; readonly hardLimitAt: number },
): PollStatus {
	if (seen.ended) return "ended";
	if (isGone(seen)) return "gone";
	if (seen.lookedAt >= limits.hardLimitAt) return "given-up";
	if (limits.deadlineAt !== undefined && seen.lookedAt >= limits.deadlineAt) return "late";
	return "waiting";
}

/** Whether another's snapshot no longer stands in the way of ours. */
export const hasStoppedRunning = (seen: PollState): boolean =>
	seen.ended !== undefined ||
	seen.missing > 0 ||
	(seen.failures === 0 && !isRunning({ id: seen.snapshotId, status: seen.status }));

/**
 * The last word on a followed snapshot. Only Atlas's own `completed` makes one completed.
 *
 * @param hours for which it is followed at most
 */
export function finalOutcome(
	seen: PollState,
	hours: number,
): {
	readonly state: FinalState;
	readonly reason?: Reason;
	readonly snapshot?: Snapshot;
} {
	const { ended, reason, status } = seen;
	if (ended?.status === "completed") return { state: "COMPLETED", snapshot: ended };
	if (ended) return { state: "FAILED", snapshot: ended, reason: FAILED };
	if (isGone(seen)) return { state: "LOST", reason: reason ?? GONE };
	const last = reason ? `the last look failed: ${reason.message}` : `its last status was ${quote(status)}`;
	const message = `not ended after ${hours} hours, following stopped; ${last}`;
	return { state: "LOST", reason: { code: "HARD_LIMIT", message } };
}

const FAILED: Reason = {
	code: "SNAPSHOT_FAILED",
	message: "Atlas reports that the snapshot failed; see the project's activity feed",
};

const GONE: Reason = { code: "SNAPSHOT_NOT_FOUND", message: "the snapshot is gone: someone deleted it while it ran" };

/** A status is Atlas's word, but of any length: enough of it to recognise. */
const quote = (status: string): string => JSON.stringify(status.slice(0, 40));
