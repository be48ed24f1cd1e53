import { ageSeconds, newestOnDemand } from "../domain/age.ts";
import { type Expectation, predict } from "../domain/expectation.ts";
import type { Reason, Target } from "../domain/outcome.ts";
import { isKeptFor } from "../domain/snapshot.ts";
import type { Ports } from "./ports.ts";

/** What the lookup brought; of `at`, epoch milliseconds. */
interface Younger {
	/** To skip the target. */
	readonly reason?: Reason;
	readonly at: number;
	/** Of how long the next snapshot takes; `null` where the listed ones do not tell, absent where none were listed. */
	readonly expectation?: Expectation | null;
}

/**
 * Looks whether a target has a completed on-demand snapshot that is younger than a request wants the next one to be, and
 * that is kept at least as long as the request asks.
 *
 * A look that fails finds none: one snapshot too many is better than one too few.
 */
export async function findYounger(
	ports: Ports,
	target: Target,
	minimumAgeMinutes: number,
	retentionInDays: number,
): Promise<Younger> {
	const listed = await ports.listSnapshots(target).catch(() => undefined);
	const snapshots = listed ?? [];
	const at = ports.now();
	const expectation = listed && (predict(listed) ?? null);
	const newest = newestOnDemand(snapshots.filter((one) => isKeptFor(one, retentionInDays)));
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
