import type { BucketLimit } from "./settings.ts";

/** A token bucket; its level follows from the clock when a token is taken. */
export interface Bucket {
	tokens: number;
	/** Epoch milliseconds of the last refill. */
	steppedAt: number;
}

export interface TokenResult {
	readonly granted: boolean;
	readonly remaining: number;
	/** Whole seconds until the next refill brings a token; 0 where one was granted. */
	readonly waitSeconds: number;
}

export const fullBucket = (limit: BucketLimit, now: number): Bucket => ({ tokens: limit.capacity, steppedAt: now });

/** Takes one token, after the refills that are due. */
export function takeToken(bucket: Bucket, limit: BucketLimit, now: number): TokenResult {
	const step = limit.refillSeconds * 1000;
	const steps = Math.max(0, Math.floor((now - bucket.steppedAt) / step));
	// The capacity may have been lowered since.
	bucket.tokens = Math.min(limit.capacity, bucket.tokens + steps * limit.refillRate);
	bucket.steppedAt += steps * step;
	if (bucket.tokens >= 1) {
		bucket.tokens -= 1;
		return { granted: true, remaining: Math.floor(bucket.tokens), waitSeconds: 0 };
	}
	const waitSeconds = Math.max(1, Math.ceil((bucket.steppedAt + step - now) / 1000));
	return { granted: false, remaining: 0, waitSeconds };
}
