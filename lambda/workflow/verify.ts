import { classifyFailure } from "../domain/failure.ts";
import type { Reason, Target } from "../domain/outcome.ts";
import { type Snapshot, snapshotKind } from "../domain/snapshot.ts";
import { notVerifiedWarning, verificationWarnings } from "../domain/verification.ts";
import type { Ports } from "./ports.ts";

/** A completed snapshot in its final form, with warnings. */
export interface Verification {
	readonly snapshot: Snapshot;
	readonly warnings: readonly Reason[];
}

/**
 * Reads a completed snapshot once more, from its list: one request returns its final retention, size and
 * regions, and the earlier ones to compare it with. Whatever comes of it, the snapshot stays completed.
 *
 * @param retryUntil epoch milliseconds until which a rate limit is retried
 * @throws AtlasError `ATLAS_RATE_LIMITED` where Atlas wants the call again before then
 */
export async function verifySnapshot(
	ports: Ports,
	target: Target,
	completed: Snapshot,
	retentionInDays: number,
	retryUntil: number,
): Promise<Verification> {
	try {
		const listed = await ports.listSnapshots(target, snapshotKind(completed));
		const final = listed.find(({ id }) => id === completed.id) ?? (await ports.readSnapshot(target, completed.id));
		if (final.status !== "completed") return { snapshot: completed, warnings: [notVerifiedWarning(contradicted)] };
		return { snapshot: final, warnings: verificationWarnings(final, listed, retentionInDays) };
	} catch (error) {
		const { code, reason, retryAfterSeconds } = classifyFailure(error);
		if (code === "ATLAS_RATE_LIMITED" && ports.now() + (retryAfterSeconds ?? 0) * 1000 < retryUntil) throw error;
		return { snapshot: completed, warnings: [notVerifiedWarning(reason)] };
	}
}

const contradicted: Reason = {
	code: "CONTRADICTED",
	message: "Atlas no longer reports completed when it is read again",
};
