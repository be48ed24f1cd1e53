import { type ExpectedDuration, predictDuration } from "../domain/expectation.ts";
import { classifyFailure } from "../domain/failure.ts";
import type { Reason, Target } from "../domain/outcome.ts";
import { ageSeconds, isKeptAtLeast, newestOnDemand, type SnapshotKind } from "../domain/snapshot.ts";
import type { Ports } from "./ports.ts";

/** What earlier snapshots tell. */
interface Earlier {
	/** `null` where the listed ones do not tell, absent where none were listed. */
	readonly expectation?: ExpectedDuration | null;
	/** Epoch milliseconds before which Atlas wants no further request. A checkpoint keeps it for the next process. */
	readonly notBefore?: number | undefined;
}

/** What the lookup brought; of `at`, epoch milliseconds. */
interface Younger extends Earlier {
	/** To skip the target. */
	readonly reason?: Reason;
	readonly at: number;
	/** Why the list could not be read. */
	readonly unread?: Reason | undefined;
}

/**
 * Predicts from a cluster's list how long its next snapshot takes. Where it can't be read nothing is predicted, and the
 * run goes on.
 */
export async function readEarlier(ports: Ports, target: Target, kind?: SnapshotKind): Promise<Earlier> {
	const { snapshots, notBefore } = await list(ports, target, kind);
	return snapshots ? { expectation: predictDuration(snapshots) ?? null } : { expectation: null, notBefore };
}

async function list(ports: Ports, target: Target, kind?: SnapshotKind) {
	try {
		return { snapshots: await ports.listSnapshots(target, kind) };
	} catch (error) {
		const { retryAfterSeconds, reason } = classifyFailure(error);
		return { notBefore: retryAfterSeconds && ports.now() + retryAfterSeconds * 1000, unread: reason };
	}
}

/**
 * Looks whether a target has a completed on-demand snapshot that is younger than a request wants the next one to be, and
 * that is kept at least as long as the request asks.
 *
 * A look that fails finds none: one snapshot too many is better than one too few.
 */
export async function findRecentSnapshot(
	ports: Ports,
	target: Target,
	minimumAgeMinutes: number,
	retentionInDays: number,
): Promise<Younger> {
	const { snapshots, notBefore, unread } = await list(ports, target);
	const at = ports.now();
	if (!snapshots) return { at, notBefore, unread };
	const expectation = predictDuration(snapshots) ?? null;
	const newest = newestOnDemand(snapshots.filter((one) => isKeptAtLeast(one, retentionInDays)));
	const age = newest && ageSeconds(newest, at);
	if (age === undefined || age >= minimumAgeMinutes * 60) return { at, expectation };
	return {
		reason: {
			code: "YOUNG_ENOUGH",
			message: `the newest completed on-demand snapshot is ${Math.floor(age / 60)} minutes old, younger than minimumAgeMinutes (${minimumAgeMinutes})`,
		},
		at,
	};
}
