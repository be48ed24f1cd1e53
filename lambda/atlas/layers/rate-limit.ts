import { AtlasError } from "../../domain/errors.ts";
import { retryAfterSeconds } from "../replies/classify.ts";
import type { AtlasReply, AtlasRequest, Layer } from "../request.ts";
import { describeSubject } from "../request.ts";

/** Milliseconds that a request waits in the process. The workflow does longer waits, which cost no compute. */
const MAX_WAIT_MS = 3_000;
/** Share of the bucket's capacity below which requests slow down. */
const RESERVE = 0.1;
/** Milliseconds for which the remaining requests must last: by then Atlas has refilled a good part of any known bucket. */
const RESERVE_MS = 20_000;
/** Milliseconds for which a count of remaining requests is valid. */
const COUNT_MAX_AGE_MS = 60_000;
/** Requests per second after a hold, so that a run's targets do not all return at once. */
const RETURNS_PER_SECOND = 4;
/** Concurrent requests while the remaining count is unknown: at most so many are refused if the bucket is empty. */
const MAX_CONCURRENT_UNKNOWN = 10;

/** What is known of one of Atlas's token buckets. Times are epoch milliseconds. */
type Bucket = ReturnType<typeof createBucket>;

const createBucket = () => ({
	heldUntil: 0,
	/** Consecutive replies that asked to wait. */
	streak: 0,
	/** Requests refused by this layer since it last let one pass. */
	refused: 0,
	/** Requests sent that have no reply yet. */
	inFlight: 0,
	/** Each is called when a request has ended. */
	waiting: [] as (() => void)[],
	remaining: undefined as number | undefined,
	limit: 0,
	countedAt: 0,
	lastAt: 0,
});

/**
 * Keeps the requests of a project within Atlas's rate limits. The limits are per project and set of endpoints, so all
 * targets of a project share a bucket. A request that would have to wait long is refused without being sent.
 *
 * @param now epoch milliseconds
 * @param wait resolves after so many milliseconds
 * @throws AtlasError `ATLAS_RATE_LIMITED` with `retryAfterSeconds`, nothing sent
 * @see Atlas documentation, "API Rate Limiting" (RateLimit-Limit, RateLimit-Remaining, Retry-After)
 */
export function limitRate(now: () => number, wait: (milliseconds: number) => Promise<void>): Layer {
	const buckets = new Map<string, Bucket>();
	return (next) => async (request) => {
		const key = `${request.projectId ?? ""} ${endpointSet(request)}`;
		const bucket = buckets.get(key) ?? createBucket();
		buckets.set(key, bucket);
		let at = now();
		const latest = at + MAX_WAIT_MS;
		for (;;) {
			const opensAt = nextTurn(bucket, at);
			if (opensAt > at) {
				if (opensAt > latest) throw refusal(request, bucket, opensAt - at);
				await wait(opensAt - at);
				// A timer may fire a little early.
				at = Math.max(now(), opensAt);
			} else if (!isKnown(bucket, at) && bucket.inFlight >= MAX_CONCURRENT_UNKNOWN) {
				// No timer is needed: every request in flight ends, and each end lets one pass.
				await new Promise<void>((resolve) => bucket.waiting.push(resolve));
				at = now();
			} else break;
		}
		acquire(bucket, at);
		try {
			const reply = await next(request);
			bucket.inFlight -= 1;
			updateFromReply(bucket, reply, now());
			return reply;
		} catch (error) {
			bucket.inFlight -= 1;
			throw error;
		} finally {
			// All of them: the reply may let more than one pass.
			for (const resolve of bucket.waiting.splice(0)) resolve();
		}
	};
}

/** Backups, clusters, projects and tokens each have their own bucket. */
function endpointSet({ target }: AtlasRequest): string {
	if (target.startsWith("/api/oauth/")) return "token";
	if (target.includes("/backup/")) return "backup";
	return target.includes("/clusters") ? "clusters" : "projects";
}

function nextTurn(bucket: Bucket, at: number): number {
	if (bucket.heldUntil > at) return bucket.heldUntil;
	const { remaining, limit, lastAt, streak } = bucket;
	// After a hold, one by one until a reply holds a count.
	if (remaining === undefined && streak > 0) return Math.max(at, lastAt + 1000 / RETURNS_PER_SECOND);
	if (remaining === undefined || !isKnown(bucket, at) || remaining >= limit * RESERVE) return at;
	return Math.max(at, lastAt + RESERVE_MS / Math.max(1, remaining));
}

const isKnown = ({ remaining, countedAt }: Bucket, at: number): boolean =>
	remaining !== undefined && at - countedAt < COUNT_MAX_AGE_MS;

function acquire(bucket: Bucket, at: number): void {
	bucket.lastAt = at;
	bucket.inFlight += 1;
	bucket.refused = 0;
	if (bucket.remaining !== undefined) bucket.remaining = Math.max(0, bucket.remaining - 1);
}

function refusal(request: AtlasRequest, bucket: Bucket, milliseconds: number): AtlasError {
	const behind = Math.floor(bucket.refused / RETURNS_PER_SECOND);
	bucket.refused += 1;
	return new AtlasError(
		{ code: "ATLAS_RATE_LIMITED", retryAfterSeconds: Math.ceil(milliseconds / 1000) + behind },
		`${describeSubject(request)}: Atlas's rate limit is reached; nothing was sent, the call is due again later`,
	);
}

function updateFromReply(bucket: Bucket, reply: AtlasReply, at: number): void {
	const limit = readCount(reply.headers["ratelimit-limit"]);
	const remaining = readCount(reply.headers["ratelimit-remaining"]);
	if (limit !== undefined && remaining !== undefined) {
		// Atlas may not have counted the requests in flight yet.
		Object.assign(bucket, { limit, remaining: Math.max(0, remaining - bucket.inFlight), countedAt: at });
	} else if (reply.status === 401 && bucket.remaining !== undefined) {
		// A challenge holds no count, and whether it costs a request is not documented. The next reply holds the count.
		bucket.remaining += 1;
	}
	const retryAfter = retryAfterSeconds(reply, at);
	if (reply.status !== 429 && retryAfter === undefined) {
		if (reply.status < 400) bucket.streak = 0;
		return;
	}
	// Refusals of concurrent requests count once.
	if (bucket.heldUntil <= at) bucket.streak += 1;
	const seconds = Math.max(retryAfter ?? 0, minimumHold(bucket.streak - (retryAfter === undefined ? 0 : 1)));
	bucket.heldUntil = Math.max(bucket.heldUntil, at + seconds * 1000);
	bucket.remaining = undefined;
}

/** Seconds: 10, 20, then 40 where Atlas sends no `Retry-After`, or refuses again after it. */
const minimumHold = (streak: number): number => (streak < 1 ? 0 : Math.min(10 * 2 ** (streak - 1), 40));

const readCount = (field: string | undefined): number | undefined =>
	field !== undefined && /^\s*\d{1,9}\s*$/.test(field) ? Number(field) : undefined;
