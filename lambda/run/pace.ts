import type { Snapshot } from "../domain/snapshot.ts";

/**
 * Share of the time already elapsed that the next wait takes: the end is noticed within a tenth of the snapshot's own
 * duration, and the number of looks grows with the logarithm of it.
 */
const SHARE = 0.1;
/** The jitter only shortens a wait, so that it never costs the promise above. */
const JITTER = 0.03;
/** Seconds; a longer wait would leave the last hours of a three-day snapshot unwatched. */
const LONGEST_SECONDS = 2 * 60 * 60;

/** What the next wait depends on. */
export interface Pace {
	/** Seconds since the snapshot was asked for. */
	readonly elapsedSeconds: number;
	/** Seconds: the least wait, and the first one. */
	readonly firstPollSeconds: number;
	/** Anything that differs from target to target and from look to look: it moves the jitter. */
	readonly seed: string;
	/** Seconds that Atlas asked for; never undercut. */
	readonly retryAfterSeconds?: number;
}

/** @returns whole seconds to wait before the next look, 1 or more, as a durable wait takes them */
export function pause({ elapsedSeconds, firstPollSeconds, seed, retryAfterSeconds = 0 }: Pace): number {
	const share = Math.min(elapsedSeconds * SHARE, LONGEST_SECONDS) * (1 - JITTER * fraction(seed));
	return Math.max(1, Math.floor(Math.max(firstPollSeconds, share)), Math.ceil(retryAfterSeconds));
}

/**
 * Seconds before a request that Atlas did not carry out is sent again, where Atlas names none: 10, 20, 40 … up to
 * 5 minutes, and up to a quarter more, so that the targets of a run do not come back together.
 *
 * @see Atlas Administration API, rate limits: exponential backoff with jitter
 */
export function backOff(attempt: number, seed: string, retryAfterSeconds?: number): number {
	const base = retryAfterSeconds ?? Math.min(10 * 2 ** (attempt - 1), 300);
	return Math.max(1, Math.ceil(base * (1 + 0.25 * fraction(seed))));
}

/** A seed for {@link pause} from a snapshot and the number of the look. */
export const seedOf = ({ id }: Pick<Snapshot, "id">, look: number): string => `${id}/${look}`;

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
