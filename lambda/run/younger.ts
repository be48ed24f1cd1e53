import { ageSeconds, newestOnDemand } from "../domain/age.ts";
import type { Reason, Target } from "../domain/outcome.ts";
import type { Ports } from "./ports.ts";

/**
 * Looks whether a target has a completed on-demand snapshot that is younger than a request wants the next one to be.
 *
 * A look that fails finds none: one snapshot too many is better than one too few.
 *
 * @param minimumAgeMinutes of the request
 * @returns the reason to skip the target, and epoch milliseconds of the look
 */
export async function findYounger(
	ports: Ports,
	target: Target,
	minimumAgeMinutes: number,
): Promise<{ readonly reason?: Reason; readonly at: number }> {
	const snapshots = await ports.listSnapshots(target).catch(() => []);
	const at = ports.now();
	const newest = newestOnDemand(snapshots);
	const age = newest && ageSeconds(newest, at);
	if (age === undefined || age >= minimumAgeMinutes * 60) return { at };
	return {
		reason: {
			code: "YOUNG_ENOUGH",
			message: `the newest completed on-demand snapshot is ${Math.floor(age / 60)} minutes old, younger than minimumAgeMinutes (${minimumAgeMinutes})`,
		},
		at,
	};
}
