import type { Watch } from "./following.ts";
import type { FinalState, Reason } from "./outcome.ts";
import { HARD_LIMIT_MINUTES } from "./request.ts";
import type { Snapshot } from "./snapshot.ts";

/** The last word on a followed snapshot. Only Atlas's own `completed` makes one completed. */
export function conclude({ ended, missing, reason, status }: Watch): {
	readonly state: FinalState;
	readonly reason?: Reason;
	readonly snapshot?: Snapshot;
} {
	if (ended?.status === "completed") return { state: "COMPLETED", snapshot: ended };
	if (ended) return { state: "FAILED", snapshot: ended, reason: FAILED };
	if (missing >= 2) return { state: "LOST", reason: reason ?? GONE };
	const last = reason ? `the last look failed: ${reason.message}` : `its last status was ${quote(status)}`;
	const message = `not ended after ${HARD_LIMIT_MINUTES / 60} hours, following stopped; ${last}`;
	return { state: "LOST", reason: { code: "HARD_LIMIT", message } };
}

const FAILED: Reason = {
	code: "SNAPSHOT_FAILED",
	message: "Atlas reports that the snapshot failed; see the project's activity feed",
};

const GONE: Reason = { code: "SNAPSHOT_NOT_FOUND", message: "the snapshot is gone: someone deleted it while it ran" };

/** A status is Atlas's word, but of any length: enough of it to recognise. */
const quote = (status: string): string => JSON.stringify(status.slice(0, 40));
