/** How a token bucket is cut: what Atlas calls an endpoint set's limit. */
export interface BucketLimit {
	/** Tokens at most. */
	readonly capacity: number;
	/** Tokens added per step. */
	readonly refillRate: number;
	/** Seconds between two steps. */
	readonly refillSeconds: number;
}

/** A bucket; its level follows from the clock when it is looked at. */
export interface Bucket {
	tokens: number;
	/** Epoch milliseconds of the last step. */
	steppedAt: number;
}

/** What drawing a token gave. */
export interface DrawResult {
	readonly granted: boolean;
	readonly remaining: number;
	/** Whole seconds until the next step brings a token; 0 where one was granted. */
	readonly waitSeconds: number;
}

export const fullBucket = (limit: BucketLimit, now: number): Bucket => ({ tokens: limit.capacity, steppedAt: now });

/** Draws one token, after filling in the steps that have passed. */
export function draw(bucket: Bucket, limit: BucketLimit, now: number): DrawResult {
	const step = limit.refillSeconds * 1000;
	const steps = Math.floor((now - bucket.steppedAt) / step);
	if (steps > 0) {
		bucket.tokens = Math.min(limit.capacity, bucket.tokens + steps * limit.refillRate);
		bucket.steppedAt += steps * step;
	}
	// A test may lower the capacity under a bucket that is fuller.
	bucket.tokens = Math.min(bucket.tokens, limit.capacity);
	if (bucket.tokens >= 1) {
		bucket.tokens -= 1;
		return { granted: true, remaining: Math.floor(bucket.tokens), waitSeconds: 0 };
	}
	return {
		granted: false,
		remaining: 0,
		waitSeconds: Math.max(1, Math.ceil((bucket.steppedAt + step - now) / 1000)),
	};
}
