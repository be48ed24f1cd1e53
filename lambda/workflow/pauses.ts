import type { ExpectedDuration } from "../domain/expectation.ts";

/**
 * How long a run waits: pure functions from what is known to whole seconds, as a durable wait takes them.
 *
 * Every pause grows with the time that has passed, so that the number of pauses grows with its logarithm only.
 */

/**
 * Share of the time already elapsed that a pause takes: an end is noticed within a tenth of the time that led to it.
 */
const SHARE = 0.1;
/** The jitter only shortens a poll's pause, so that it never costs the promise above. */
const JITTER = 0.03;
/** A back-off's jitter only lengthens it, so that Retry-After is never undercut. */
const BACK_OFF_JITTER = 0.25;
/** Seconds of the first back-off. It doubles up to the longest. */
const FIRST_BACK_OFF_SECONDS = 10;
const LONGEST_BACK_OFF_SECONDS = 30 * 60;
/**
 * By this factor the elapsed time grows from pause to pause once durable operations run short: see {@link leastPauseSeconds}.
 */
const LEAST_GROWTH = 1.4;
/** Seconds. @see AWS Lambda API, WaitOptions and StepOptions (valid range) */
const LONGEST_WAIT_SECONDS = 31_622_400;

/** Spreads after the expected end from which on a snapshot is none of those that were expected. */
const LATE_SPREADS = 3;
/** Parts of the expected duration in which a pause grows. */
const PARTS = 200;
/** The delay that a poll is worth, as a share of the time gone by; more of it where the end is nearly known. */
const acceptableDelay = (spread: number): number => 0.0022 + 0.0004 / spread;

/** What the pause before a poll depends on. */
export interface PollPause {
	/** Seconds since the snapshot was asked for. */
	readonly elapsedSeconds: number;
	/** Seconds: the least pause, and the first one. */
	readonly firstPollSeconds: number;
	/** Anything that differs from target to target and from poll to poll: it moves the jitter. */
	readonly seed: string;
	/** Seconds that Atlas asked for; never undercut. */
	readonly retryAfterSeconds?: number;
	/** Of how long the snapshot takes, where there is one. */
	readonly expectation?: ExpectedDuration;
}

/** @returns whole seconds to wait before the next poll, 1 or more */
export function pollPauseSeconds(pace: PollPause): number {
	const { elapsedSeconds, firstPollSeconds, seed, retryAfterSeconds = 0, expectation } = pace;
	const expected = expectation && learnedPauseSeconds(elapsedSeconds, expectation);
	const share = (expected ?? elapsedSeconds * SHARE) * (1 - JITTER * fraction(seed));
	return whole(Math.max(Math.floor(Math.max(firstPollSeconds, share)), retryAfterSeconds));
}

/**
 * The pause before the next poll of a snapshot whose end is expected. It is the longest after which the delay to be
 * expected, if the snapshot has not ended yet, is no larger than a poll is worth: long far before the expected end, short
 * around it. It never exceeds the time gone by, so that an end far earlier than expected is noticed within the snapshot's
 * own duration again. The duration's logarithm is taken to be logistic, whose tails forgive a wrong prediction.
 *
 * @returns seconds; `undefined` once the end is well past the expected one, when nothing is expected any more
 * @see Barlow, Hunter, Proschan: Optimum Checking Procedures (1963)
 */
export function learnedPauseSeconds(elapsedSeconds: number, { seconds, spread }: ExpectedDuration): number | undefined {
	if (elapsedSeconds > seconds * Math.exp(LATE_SPREADS * spread)) return undefined;
	const slope = Math.PI / (spread * Math.sqrt(3));
	const longer = (duration: number) => 1 / (1 + (duration / seconds) ** slope);
	const step = seconds / PARTS;
	let delay = 0;
	for (let pause = step; pause < elapsedSeconds; pause += step) {
		delay += step * (1 - longer(elapsedSeconds + pause) / longer(elapsedSeconds));
		if (delay > acceptableDelay(spread) * (elapsedSeconds + pause)) return pause;
	}
	return elapsedSeconds;
}

/**
 * Seconds before something that failed is tried again: 10, 20, 40 … up to half an hour, or up to a tenth of the time
 * since the run began where that is longer; and up to a quarter more, so that the targets of a run do not come back
 * together. A longer Retry-After is waited in full.
 *
 * @param attempt failures in a row, from 1
 * @see Atlas Administration API, rate limits: exponential backoff with jitter
 */
export function backOffSeconds(attempt: number, seed: string, retryAfterSeconds = 0, elapsedSeconds = 0): number {
	const doubled = Math.min(FIRST_BACK_OFF_SECONDS * 2 ** (attempt - 1), LONGEST_BACK_OFF_SECONDS);
	const grown =
		attempt > 1 && doubled === LONGEST_BACK_OFF_SECONDS ? Math.max(doubled, elapsedSeconds * SHARE) : doubled;
	return whole(Math.max(grown, retryAfterSeconds) * (1 + BACK_OFF_JITTER * fraction(seed)));
}

/** What is left to a target, in time and in durable operations. */
export interface OperationAllowance {
	/** Seconds since the run began. */
	readonly elapsedSeconds: number;
	/** Seconds from the run's start to the last moment that is waited for. */
	readonly lastSeconds: number;
	/** Pauses that the durable operations which are left pay for. */
	readonly pausesLeft: number;
}

/**
 * The least pause with which the pauses left reach the last moment. Where many are left it is nothing, and the pace is
 * free. Where they run short each pause makes the elapsed time grow by two fifths; the last one reaches the last moment.
 * So whatever is waited for, and in whatever order, the operations are never used up before the time is.
 *
 * Proof: with n pauses left, a pause ends at `last / 1.4^(n-1)` or later. If that holds for each, the one with n = 1
 * ends at `last`.
 */
export function leastPauseSeconds({ elapsedSeconds, lastSeconds, pausesLeft }: OperationAllowance): number {
	const reached = lastSeconds / LEAST_GROWTH ** Math.max(0, Math.floor(pausesLeft) - 1);
	return Math.max(0, Math.ceil(reached - elapsedSeconds));
}

/**
 * Seconds before an event that the bus did not take is offered again: 1 at first, then a share of the time since it was
 * offered first, so large that the tries reach to the end.
 *
 * @param tries made, from 1
 * @param triesLeft at the first of them
 * @param seconds from the first try to the last
 */
export function publishPauseSeconds(tries: number, triesLeft: number, seconds: number): number | "stop" {
	if (tries >= triesLeft) return "stop";
	const elapsed = (count: number) => seconds ** (count / (triesLeft - 1));
	return whole(elapsed(tries) - elapsed(tries - 1));
}

/**
 * Cuts a pause so that it ends at a bound and not after it.
 *
 * @param secondsLeft until the bound; a pause takes 1 second at least
 */
export const cutSeconds = (seconds: number, secondsLeft: number): number => whole(Math.min(seconds, secondsLeft));

/** Whole seconds, within what AWS takes. */
const whole = (seconds: number): number => Math.min(Math.max(1, Math.ceil(seconds)), LONGEST_WAIT_SECONDS);

/** A seed for {@link pollPauseSeconds} from a snapshot's id and the number of the poll. */
export const jitterSeed = ({ id }: { readonly id: string }, poll: number): string => `${id}/${poll}`;

/**
 * FNV-1a over the seed, then MurmurHash3's finalizer, as a fraction from 0 to below 1: the same at every replay, which a
 * random number is not.
 */
function fraction(seed: string): number {
	let hash = 0x811c9dc5;
	for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
	return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
