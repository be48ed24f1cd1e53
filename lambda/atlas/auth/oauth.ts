import * as v from "valibot";
import { readReply, retryAfterSeconds } from "../replies/classify.ts";
import { readErrorBody } from "../replies/error-body.ts";
import type { AtlasReply, AtlasRequest, Layer, Send } from "../request.ts";
import { isKeyRefused } from "./authenticate.ts";

/** Share of a token's lifetime after which it is renewed. */
const RENEWAL_SHARE = 2 / 3;
/** Milliseconds between two attempts to renew a token that is still valid. */
const RENEWAL_RETRY_MS = 30_000;
/** Seconds. A longer `Retry-After` of the token endpoint fails the call. The rate limit layer waits. */
const MAX_RETRY_AFTER = 3;
/** Requests for one token while the endpoint replies with a short `Retry-After`. */
const MAX_TRIES = 3;

/** A token in use. Times are epoch milliseconds. */
interface Bearer {
	readonly value: string;
	readonly expiresAt: number;
	renewAt: number;
}

interface ServiceAccount {
	readonly clientId: string;
	readonly clientSecret: string;
}

/**
 * OAuth 2.0 client credentials: one token for all requests, renewed by one of them at two thirds of its lifetime. After a
 * 401 to a cached token, the request is sent again with a new one; after a 403 it is not, since another token has the same
 * roles.
 *
 * @param now epoch milliseconds
 * @see RFC 6749 §4.4, RFC 6750 §2.1, §3.1
 */
export function oauth(account: ServiceAccount, now: () => number): Layer {
	let cached: Bearer | undefined;
	let pending: Promise<Bearer> | undefined;

	const fetchToken = async (next: Send, call: AtlasRequest): Promise<Bearer> => {
		const request = tokenRequest(account, call);
		for (let tries = 1; ; tries++) {
			const requestedAt = now();
			const reply = await next(request);
			if (tries < MAX_TRIES && isShortWait(reply, now())) continue;
			const { value, lifetime } = readToken(reply, request, now());
			cached = { value, expiresAt: requestedAt + lifetime, renewAt: requestedAt + lifetime * RENEWAL_SHARE };
			return cached;
		}
	};
	const shareToken = (next: Send, call: AtlasRequest): Promise<Bearer> => {
		pending ??= fetchToken(next, call).finally(() => {
			pending = undefined;
		});
		return pending;
	};
	/** While the endpoint fails, the old token is used: it has a third of its lifetime left. */
	const renew = async (next: Send, call: AtlasRequest, old: Bearer): Promise<Bearer> => {
		try {
			return await shareToken(next, call);
		} catch (error) {
			if (cached !== old || now() >= old.expiresAt) throw error;
			old.renewAt = Math.min(now() + RENEWAL_RETRY_MS, old.expiresAt);
			return old;
		}
	};
	const send = (next: Send, call: AtlasRequest, { value }: Bearer): Promise<AtlasReply> =>
		next({ ...call, headers: { ...call.headers, authorization: `Bearer ${value}` } });

	return (next) => async (call) => {
		const old = cached;
		const isCached = old !== undefined && now() < old.renewAt;
		const bearer = isCached ? old : await (old ? renew(next, call, old) : shareToken(next, call));
		const reply = await send(next, call, bearer);
		if (!isKeyRefused(reply)) return reply;
		if (cached === bearer) cached = undefined;
		if (bearer !== old) return reply;
		return send(next, call, cached ?? (await shareToken(next, call)));
	};
}

const isShortWait = (reply: AtlasReply, now: number): boolean => {
	if (reply.status !== 429 && reply.status !== 503) return false;
	const seconds = retryAfterSeconds(reply, now);
	return seconds !== undefined && seconds <= MAX_RETRY_AFTER;
};

/** Seconds, where the reply has no `expires_in` (RFC 6749 §5.1 only recommends it): less than any known lifetime. */
const DEFAULT_LIFETIME = 300;

const TokenSchema = v.object({
	/** RFC 6750 §2.1 `b64token`: it goes into a header field as it is. */
	access_token: v.pipe(v.string(), v.regex(/^[A-Za-z0-9\-._~+/]+=*$/)),
	token_type: v.pipe(v.string(), v.regex(/^bearer$/i)),
	expires_in: v.optional(v.pipe(v.number(), v.minValue(1)), DEFAULT_LIFETIME),
});

/**
 * The request for a token. Id and secret are not form-encoded, as RFC 6749 §2.3.1 would require: Atlas's ids contain `_`.
 *
 * @see RFC 6749 §4.4.2 (client credentials), RFC 7617 §2 (Basic); Atlas documentation, "Generate an OAuth 2.0 token"
 */
function tokenRequest({ clientId, clientSecret }: ServiceAccount, { headers, period }: AtlasRequest): AtlasRequest {
	const { "user-agent": userAgent = "" } = headers;
	return {
		method: "POST",
		target: "/api/oauth/token",
		headers: {
			accept: "application/json",
			authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`, "utf8").toString("base64")}`,
			"content-type": "application/x-www-form-urlencoded",
			"user-agent": userAgent,
		},
		body: "grant_type=client_credentials",
		period,
	};
}

/** Error codes of the token endpoint for a client that it does not accept (RFC 6749 §5.2). */
const CLIENT_REFUSED: ReadonlySet<string | undefined> = new Set(["invalid_client", "unauthorized_client"]);

/**
 * Reads the reply to {@link tokenRequest}.
 *
 * @param now epoch milliseconds
 * @throws AtlasError `ATLAS_KEY_REFUSED`, or as any reply of Atlas
 */
function readToken(reply: AtlasReply, request: AtlasRequest, now: number) {
	const errorCode = reply.status === 400 ? readErrorBody(reply)?.errorCode : undefined;
	// RFC 6749 allows 400 for a wrong client where RFC 9110 requires 401.
	const status = CLIENT_REFUSED.has(errorCode) ? 401 : reply.status;
	const { access_token, expires_in } = readReply(TokenSchema, { ...reply, status }, request, now);
	return { value: access_token, lifetime: expires_in * 1000 };
}
