import * as v from "valibot";
import { readReply, retryAfterSeconds } from "../replies/classify.ts";
import { readErrorBody } from "../replies/error-body.ts";
import type { AtlasReply, AtlasRequest, Layer, Send } from "../request.ts";
import { isKeyRefused } from "./authenticate.ts";

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

	const mint = async (next: Send, call: AtlasRequest): Promise<Bearer> => {
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
	const share = (next: Send, call: AtlasRequest): Promise<Bearer> => {
		pending ??= mint(next, call).finally(() => {
			pending = undefined;
		});
		return pending;
	};
	/** A token that is due for renewal serves on while the endpoint fails: it has a third of its life left. */
	const renew = async (next: Send, call: AtlasRequest, old: Bearer): Promise<Bearer> => {
		try {
			return await share(next, call);
		} catch (error) {
			if (kept !== old || now() >= old.expiresAt) throw error;
			old.renewAt = Math.min(now() + RENEWED_AGAIN, old.expiresAt);
			return old;
		}
	};
	const send = (next: Send, call: AtlasRequest, { value }: Bearer): Promise<AtlasReply> =>
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

const isShortWait = (reply: AtlasReply, now: number): boolean => {
	if (reply.status !== 429 && reply.status !== 503) return false;
	const seconds = retryAfterSeconds(reply, now);
	return seconds !== undefined && seconds <= SHORT_WAIT;
};

/** An access token and when it ends. */
interface Token {
	readonly value: string;
	/** Milliseconds from the request on. */
	readonly lifetime: number;
}

/** Seconds, where the reply does not say (RFC 6749 §5.1 only recommends it): less than any known. */
const SHORT_LIFE = 300;

const TokenSchema = v.object({
	/** RFC 6750 §2.1 `b64token`: it goes into a header field as it is. */
	access_token: v.pipe(v.string(), v.regex(/^[A-Za-z0-9\-._~+/]+=*$/)),
	token_type: v.pipe(v.string(), v.regex(/^bearer$/i)),
	expires_in: v.optional(v.pipe(v.number(), v.minValue(1)), SHORT_LIFE),
});

/**
 * The request for a token. Atlas's ids carry `_`, so id and secret go into Basic as they are, not form-encoded as
 * RFC 6749 §2.3.1 would have it.
 *
 * @see RFC 6749 §4.4.2 (client credentials), RFC 7617 §2 (Basic); Atlas documentation, "Generate an OAuth 2.0 token"
 */
function tokenRequest(clientId: string, clientSecret: string, { headers, period }: AtlasRequest): AtlasRequest {
	const userAgent = headers["user-agent"];
	return {
		method: "POST",
		target: "/api/oauth/token",
		headers: {
			accept: "application/json",
			authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`, "utf8").toString("base64")}`,
			"content-type": "application/x-www-form-urlencoded",
			...(userAgent === undefined ? {} : { "user-agent": userAgent }),
		},
		body: "grant_type=client_credentials",
		period,
	};
}

/** What the token endpoint says of a client it does not accept (RFC 6749 §5.2). */
const CLIENT_REFUSED: ReadonlySet<string | undefined> = new Set(["invalid_client", "unauthorized_client"]);

/**
 * Reads the reply to {@link tokenRequest}. Says nothing about a successful body but the token: it holds the secret.
 *
 * @param now epoch milliseconds
 * @throws AtlasError `ATLAS_KEY_REFUSED`, or as any reply of Atlas
 */
function readToken(reply: AtlasReply, call: AtlasRequest, now: number): Token {
	const errorCode = reply.status === 400 ? readErrorBody(reply)?.errorCode : undefined;
	// RFC 6749 allows 400 for a wrong client where RFC 9110 would say 401.
	const status = CLIENT_REFUSED.has(errorCode) ? 401 : reply.status;
	const { access_token, expires_in } = readReply(TokenSchema, { ...reply, status }, call, now);
	return { value: access_token, lifetime: expires_in * 1000 };
}
