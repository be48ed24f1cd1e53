import { retryAfterSeconds } from "../retry-after.ts";
import type { Call, Layer, Reply, Send } from "../wire.ts";
import { isKeyRefused } from "./refusal.ts";
import { readToken, tokenRequest } from "./token.ts";

/** Share of a token's life after which it is renewed. */
const RENEWED_AT = 2 / 3;
/** Milliseconds until renewing is tried again, while the old token still serves. */
const RENEWED_AGAIN = 30_000;
/** Seconds; an endpoint that asks to wait so long is waited for. The rate budget below does the waiting. */
const SHORT_WAIT = 3;
/** Requests for one token, if the endpoint keeps asking to wait. */
const TRIES = 3;

/** A token in use. Times are epoch milliseconds. */
interface Bearer {
	readonly value: string;
	readonly expiresAt: number;
	renewAt: number;
}

export interface OauthOptions {
	readonly clientId: string;
	readonly clientSecret: string;
	/** Epoch milliseconds. */
	readonly now: () => number;
}

/**
 * OAuth 2.0 client credentials: one token for all requests, renewed at two thirds of its life by one of them. A 401 to
 * a token that was kept gets one more try with a new one; a 403 never does, since another token has the same roles.
 *
 * @see RFC 6749 §4.4, RFC 6750 §2.1, §3.1
 */
export function oauth({ clientId, clientSecret, now }: OauthOptions): Layer {
	let kept: Bearer | undefined;
	let pending: Promise<Bearer> | undefined;

	const mint = async (next: Send, call: Call): Promise<Bearer> => {
		const request = tokenRequest(clientId, clientSecret, call);
		let askedAt = now();
		let reply = await next(request);
		for (let tries = 1; tries < TRIES && isShortWait(reply, now()); tries++) {
			askedAt = now();
			reply = await next(request);
		}
		const { value, lifetime } = readToken(reply, request, now());
		kept = { value, expiresAt: askedAt + lifetime, renewAt: askedAt + lifetime * RENEWED_AT };
		return kept;
	};
	const share = (next: Send, call: Call): Promise<Bearer> => {
		pending ??= mint(next, call).finally(() => {
			pending = undefined;
		});
		return pending;
	};
	/** A token that is due for renewal serves on while the endpoint fails: it has a third of its life left. */
	const renew = async (next: Send, call: Call, old: Bearer): Promise<Bearer> => {
		try {
			return await share(next, call);
		} catch (error) {
			if (kept !== old || now() >= old.expiresAt) throw error;
			old.renewAt = Math.min(now() + RENEWED_AGAIN, old.expiresAt);
			return old;
		}
	};
	const send = (next: Send, call: Call, { value }: Bearer): Promise<Reply> =>
		next({ ...call, headers: { ...call.headers, authorization: `Bearer ${value}` } });

	return (next) => async (call) => {
		const old = kept;
		const isKept = old !== undefined && now() < old.renewAt;
		const bearer = isKept ? old : await (old ? renew(next, call, old) : share(next, call));
		const reply = await send(next, call, bearer);
		if (!isKeyRefused(reply)) return reply;
		if (kept === bearer) kept = undefined;
		if (bearer !== old) return reply;
		return send(next, call, kept ?? (await share(next, call)));
	};
}

const isShortWait = (reply: Reply, now: number): boolean => {
	if (reply.status !== 429 && reply.status !== 503) return false;
	const seconds = retryAfterSeconds(reply, now);
	return seconds !== undefined && seconds <= SHORT_WAIT;
};
