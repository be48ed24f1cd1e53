import type { Expectation } from "../domain/expectation.ts";

/** How closely the likely end is polled around: with more, polls grow and the delay shrinks. */
const CLOSENESS = 22.5;
/** By this much less closely where the end is more uncertain, as a power of the spread. */
const WIDENING = -0.225;
/** Spreads after the expected end from which on a snapshot is not one that was expected. */
const LATE_SPREADS = 2.5;
/** Parts of the expected duration in which the pause is summed up. */
const PARTS = 200;

/**
 * The pause before the next poll of a snapshot whose end is expected: long ones far from that, each at most as long as
 * the time gone by, and short ones around it. So an end far earlier than expected is noticed within the snapshot's own
 * duration again.
 *
 * Polls that cost the least, together with the delay that they leave, lie as densely as the square root of the end's
 * hazard: of the chance that what has not ended yet ends now. The duration's logarithm is taken to be logistic, whose
 * hazard grows with the share of the durations that are shorter, and whose tails forgive a wrong prediction.
 *
 * @returns seconds; `undefined` once the end is well past the expected one, when nothing is expected any more
 * @see Barlow, Hunter, Proschan: Optimum Checking Procedures (1963); Keller: Optimum Checking Schedules for Systems
 * Subject to Random Failure (1974)
 */
export function expectedPause(elapsedSeconds: number, { seconds, spread }: Expectation): number | undefined {
	if (elapsedSeconds > seconds * Math.exp(LATE_SPREADS * spread)) return undefined;
	const slope = Math.PI / (spread * Math.sqrt(3));
	const step = seconds / PARTS;
	const closeness = CLOSENESS * spread ** WIDENING;
	let polls = 0;
	for (let pause = step; pause < elapsedSeconds; pause += step) {
		const at = elapsedSeconds + pause - step;
		const shorter = 1 / (1 + (at / seconds) ** -slope);
		polls += step * closeness * Math.sqrt(shorter / (at * seconds));
		if (polls >= 1) return pause;
	}
	return elapsedSeconds;
}
