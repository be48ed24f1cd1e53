import { type ExpectedDuration, predictDuration } from "../domain/expectation.ts";
import { classifyFailure } from "../domain/failure.ts";
import type { Reason, Target } from "../domain/outcome.ts";
import { ageSeconds, isKeptAtLeast, newestOnDemand, type SnapshotKind } from "../domain/snapshot.ts";
import type { Ports } from "./ports.ts";
import type { TargetContext } from "./target-context.ts";

/** What a cluster's list shows about its earlier snapshots. */
interface EarlierSnapshots {
	/** `null` where the listed ones do not show it, absent where none were listed. */
	readonly expectation?: ExpectedDuration | null;
	/** Epoch milliseconds before which Atlas wants no further request. A checkpoint keeps it for the next process. */
	readonly notBefore?: number | undefined;
}

interface RecentSnapshotLookup extends EarlierSnapshots {
	/** Epoch milliseconds of the lookup. */
	readonly at: number;
	/** Why the target is skipped. */
	readonly reason?: Reason;
	/** Why the list could not be read. */
	readonly unread?: Reason | undefined;
}

/** Predicts from a cluster's list how long its next snapshot takes. A list that can't be read predicts nothing. */
export async function predictFromList(ports: Ports, target: Target, kind?: SnapshotKind): Promise<EarlierSnapshots> {
	const { snapshots, notBefore } = await tryListing(ports, target, kind);
	return snapshots ? { expectation: predictDuration(snapshots) ?? null } : { expectation: null, notBefore };
}

async function tryListing(ports: Ports, target: Target, kind?: SnapshotKind) {
	try {
		return { snapshots: await ports.listSnapshots(target, kind) };
	} catch (error) {
		const { retryAfterSeconds, reason } = classifyFailure(error);
		return { notBefore: retryAfterSeconds && ports.now() + retryAfterSeconds * 1000, unread: reason };
	}
}

/**
 * Finds out whether a cluster has a completed on-demand snapshot that is younger than `minimumAgeMinutes` and kept at
 * least as long as the request asks. A lookup that fails finds none: one snapshot too many is better than one too few.
 */
export async function findRecentSnapshot(
	{ ports, run, target }: TargetContext,
	minimumAgeMinutes: number,
): Promise<RecentSnapshotLookup> {
	const { snapshots, notBefore, unread } = await tryListing(ports, target);
	const at = ports.now();
	if (!snapshots) return { at, notBefore, unread };
	const expectation = predictDuration(snapshots) ?? null;
	const newest = newestOnDemand(snapshots.filter((one) => isKeptAtLeast(one, run.request.retentionInDays)));
	const age = newest && ageSeconds(newest, at);
	if (age === undefined || age >= minimumAgeMinutes * 60) return { at, expectation };
	const message = `the newest completed on-demand snapshot is ${Math.floor(age / 60)} minutes old, younger than minimumAgeMinutes (${minimumAgeMinutes})`;
	return { at, reason: { code: "YOUNG_ENOUGH", message } };
}
