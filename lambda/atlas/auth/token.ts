import * as v from "valibot";
import { readErrorBody } from "../error-body.ts";
import { readReply } from "../judge.ts";
import type { Call, Reply } from "../wire.ts";

/** An access token and when it ends. */
export interface Token {
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
export function tokenRequest(clientId: string, clientSecret: string, { headers, period }: Call): Call {
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
export function readToken(reply: Reply, call: Call, now: number): Token {
	const errorCode = reply.status === 400 ? readErrorBody(reply)?.errorCode : undefined;
	// RFC 6749 allows 400 for a wrong client where RFC 9110 would say 401.
	const status = CLIENT_REFUSED.has(errorCode) ? 401 : reply.status;
	const { access_token, expires_in } = readReply(TokenSchema, { ...reply, status }, call, now);
	return { value: access_token, lifetime: expires_in * 1000 };
}
