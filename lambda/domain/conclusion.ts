import { isGone, type Watch } from "./following.ts";
import type { FinalState, Reason } from "./outcome.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * The last word on a followed snapshot. Only Atlas's own `completed` makes one completed.
 *
 * @param hours for which it is followed at most
 */
export function conclude(
	seen: Watch,
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
