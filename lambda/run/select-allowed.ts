import { checkAllowed, checkCount, forbiddenTarget } from "../domain/allowed.ts";
import type { RequestLimits } from "../domain/limits.ts";
import type { Run } from "../domain/run.ts";
import type { Ports } from "./ports.ts";
import { type Candidate, type ListRefusals, selectTargets } from "./select.ts";

/**
 * Finds the targets of a run, within the limits of its caller: the trigger function checks the request alone, and whoever
 * may invoke the durable function can pass it by.
 *
 * @throws InputError `NOT_ALLOWED`, and what {@link selectTargets} throws
 */
export async function selectAllowed(ports: Ports, run: Run, refusals: ListRefusals): Promise<readonly Candidate[]> {
	checkAllowed(ports.limits, run);
	return within(ports.limits, run, await selectTargets(ports, run.request, refusals));
}

/**
 * Holds the targets of a chained part against the limits again. They come with the input, and are no more to be trusted.
 *
 * @throws InputError `NOT_ALLOWED`
 */
export function partAllowed(ports: Ports, run: Run, targets: readonly Candidate[]): readonly Candidate[] {
	checkAllowed(ports.limits, run);
	return within(ports.limits, run, targets);
}

/** A target that is not allowed is refused, and keeps no other from its snapshot; too many of them are refused as a whole. */
function within(limits: RequestLimits, run: Run, targets: readonly Candidate[]): readonly Candidate[] {
	const wanted = targets.filter(({ ineligible, refused }) => !ineligible && !refused);
	checkCount(limits, run, wanted.length);
	return targets.map((target) => {
		const refused = target.refused ?? forbiddenTarget(limits, run, target);
		return refused ? { ...target, refused } : target;
	});
}
