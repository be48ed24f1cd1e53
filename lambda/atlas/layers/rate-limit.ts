import { AtlasError } from "../../domain/errors.ts";
import { retryAfterSeconds } from "../replies/classify.ts";
import type { AtlasReply, AtlasRequest, Layer } from "../request.ts";
import { describeSubject } from "../request.ts";

/** Milliseconds that a call waits in process. The durable story waits for longer ones, at no cost. */
const LONGEST_WAIT = 3_000;
/** Share of the bucket's capacity below which calls slow down. */
const RESERVE = 0.1;
/** Milliseconds that the tokens left must last: by then Atlas has refilled a good part of any bucket seen. */
const LAST = 20_000;
/** Milliseconds after which a count of tokens left says nothing any more. */
const STALE = 60_000;
/** Calls a second for which room is made after a hold, so that a run's targets don't all come back at once. */
const RETURNS_PER_SECOND = 4;
/** Calls under way at most while nobody knows what the bucket holds: so many are refused at worst, if it is empty. */
const UNKNOWN_AT_ONCE = 10;

/** What is known of one of Atlas's token buckets. Times are epoch milliseconds. */
interface Bucket {
	heldUntil: number;
	/** Replies in a row that asked to wait. */
	streak: number;
	/** Calls refused since one last passed. */
	refused: number;
	/** Calls sent and not yet answered. */
	underWay: number;
	/** Resolve when one of them has been answered. */
	readonly waiting: (() => void)[];
	left: number | undefined;
	limit: number;
	countedAt: number;
	lastAt: number;
}

/**
 * Keeps all calls of a project to what Atlas grants it. Atlas's buckets are per project and set of endpoints: what
 * one target learns holds for the others. A call that would have to wait long is refused without a request.
 *
 * @param now epoch milliseconds
 * @param wait resolves after so many milliseconds
 * @throws AtlasError `ATLAS_RATE_LIMITED` with `retryAfterSeconds`, nothing sent
 * @see Atlas documentation, "API Rate Limiting" (RateLimit-Limit, RateLimit-Remaining, Retry-After)
 */
export function limitRate(now: () => number, wait: (milliseconds: number) => Promise<void>): Layer {
	const buckets = new Map<string, Bucket>();
	const bucketOf = (call: AtlasRequest): Bucket => {
		const key = `${call.projectId ?? ""} ${endpointSet(call)}`;
		const bucket = buckets.get(key) ?? createBucket();
		buckets.set(key, bucket);
		return bucket;
	};
	return (next) => async (call) => {
		const bucket = bucketOf(call);
		let at = now();
		const latest = at + LONGEST_WAIT;
		for (;;) {
			const opensAt = nextTurn(bucket, at);
			if (opensAt > at) {
				if (opensAt > latest) throw refusal(call, bucket, opensAt - at);
				await wait(opensAt - at);
				// A timer may come a little early: what was waited for counts as past.
				at = Math.max(now(), opensAt);
			} else if (!isKnown(bucket, at) && bucket.underWay >= UNKNOWN_AT_ONCE) {
				// Not by a timer: every call under way ends, well or not, and each end lets one in.
				await new Promise<void>((resolve) => bucket.waiting.push(resolve));
				at = now();
			} else break;
		}
		spend(bucket, at);
		try {
			const reply = await next(call);
			bucket.underWay -= 1;
			learn(bucket, reply, now());
			return reply;
		} catch (error) {
			bucket.underWay -= 1;
			throw error;
		} finally {
			// All of them: what was learnt may let in more than one.
			for (const resolve of bucket.waiting.splice(0)) resolve();
		}
	};
}

const createBucket = (): Bucket => ({
	heldUntil: 0,
	streak: 0,
	refused: 0,
	underWay: 0,
	waiting: [],
	left: undefined,
	limit: 0,
	countedAt: 0,
	lastAt: 0,
});

/** Backups, clusters, projects and tokens have buckets of their own. */
function endpointSet({ target }: AtlasRequest): string {
	if (target.startsWith("/api/oauth/")) return "token";
	if (target.includes("/backup/")) return "backup";
	return target.includes("/clusters") ? "clusters" : "projects";
}

function nextTurn(bucket: Bucket, at: number): number {
	if (bucket.heldUntil > at) return bucket.heldUntil;
	const { left, limit, lastAt, streak } = bucket;
	// Those that a hold kept waiting go one by one, until a reply says how many may.
	if (left === undefined && streak > 0) return Math.max(at, lastAt + 1000 / RETURNS_PER_SECOND);
	if (left === undefined || !isKnown(bucket, at) || left >= limit * RESERVE) return at;
	return Math.max(at, lastAt + LAST / Math.max(1, left));
}

const isKnown = ({ left, countedAt }: Bucket, at: number): boolean => left !== undefined && at - countedAt < STALE;

function spend(bucket: Bucket, at: number): void {
	bucket.lastAt = at;
	bucket.underWay += 1;
	bucket.refused = 0;
	if (bucket.left !== undefined) bucket.left = Math.max(0, bucket.left - 1);
}

function refusal(call: AtlasRequest, bucket: Bucket, milliseconds: number): AtlasError {
	const behind = Math.floor(bucket.refused / RETURNS_PER_SECOND);
	bucket.refused += 1;
	return new AtlasError(
		{
			code: "ATLAS_RATE_LIMITED",
			retryAfterSeconds: Math.ceil(milliseconds / 1000) + behind,
		},
		`${describeSubject(call)}: Atlas's rate limit is reached; nothing was sent, the call is due again later`,
	);
}

function learn(bucket: Bucket, reply: AtlasReply, at: number): void {
	const limit = readCount(reply.headers["ratelimit-limit"]);
	const left = readCount(reply.headers["ratelimit-remaining"]);
	if (limit !== undefined && left !== undefined) {
		// Atlas may not have counted those that are on their way to it.
		Object.assign(bucket, { limit, left: Math.max(0, left - bucket.underWay), countedAt: at });
	} else if (reply.status === 401 && bucket.left !== undefined) {
		// Whether a challenge costs a token is not documented, and it tells no count: the reply to its repetition will.
		bucket.left += 1;
	}
	const asked = retryAfterSeconds(reply, at);
	if (reply.status !== 429 && asked === undefined) {
		if (reply.status < 400) bucket.streak = 0;
		return;
	}
	// Replies to calls that were under way together count as one refusal.
	if (bucket.heldUntil <= at) bucket.streak += 1;
	const seconds = Math.max(asked ?? 0, leastHold(bucket.streak - (asked === undefined ? 0 : 1)));
	bucket.heldUntil = Math.max(bucket.heldUntil, at + seconds * 1000);
	// After the wait that Atlas named, there are tokens again.
	bucket.left = undefined;
}

/** Seconds: 10, 20, then 40, where Atlas names no wait, or one after which it refuses again. */
const leastHold = (streak: number): number => (streak < 1 ? 0 : Math.min(10 * 2 ** (streak - 1), 40));

const readCount = (field: string | undefined): number | undefined =>
	field !== undefined && /^\s*\d{1,9}\s*$/.test(field) ? Number(field) : undefined;
