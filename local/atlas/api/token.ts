import { issueToken } from "../state/credentials.ts";
import { type Bucket, fullBucket, takeToken } from "../state/rate-limit.ts";
import type { AtlasState } from "../state/state.ts";
import { ApiError } from "./errors.ts";
import type { ApiReply, ApiRequest } from "./request.ts";

/** One bucket per address and client. */
export type TokenBuckets = Map<string, Bucket>;

const PATH = "/api/oauth/token";

/** `POST /api/oauth/token` (RFC 6749 §4.4), with the client's id and secret in Basic as they are, not form-encoded. */
export function handleTokenRequest(state: AtlasState, buckets: TokenBuckets, request: ApiRequest): ApiReply {
	const { settings, credentials } = state;
	const [clientId, clientSecret] = readBasic(request.headers.authorization);
	const waitSeconds = checkRateLimit(state, buckets, `${request.address} ${clientId}`);
	if (waitSeconds > 0) {
		const headers: Record<string, string> = settings.rateLimitHeaders ? { "Retry-After": String(waitSeconds) } : {};
		return rateLimited([PATH, settings.tokensPerMinute, 1], headers);
	}
	if (credentials.serviceAccounts.get(clientId)?.has(clientSecret) !== true) {
		const headers = { "WWW-Authenticate": 'Basic realm="MMS Public API"' };
		return errorReply(state, 401, "invalid_client", "Client authentication failed", headers);
	}
	if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers["content-type"] ?? ""))
		return errorReply(state, 400, "invalid_request", "The body must be form-encoded");
	const grants = new URLSearchParams(request.body).getAll("grant_type");
	if (grants.length !== 1) return errorReply(state, 400, "invalid_request", "grant_type must be given once");
	if (grants[0] !== "client_credentials")
		return errorReply(state, 400, "unsupported_grant_type", "Only client_credentials is supported");
	const token = issueToken(credentials, { clientId, clientSecret }, settings, state.now());
	// The limit is documented, its error is not: 429 without `Retry-After` is the hardest case for a client.
	if (token === undefined) return rateLimited([PATH, settings.liveTokens, 60]);
	return reply(200, { access_token: token, expires_in: settings.tokenSeconds, token_type: "Bearer" });
}

function readBasic(value: string | undefined): [id: string, secret: string] {
	const match = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(value ?? "");
	const text = Buffer.from(match?.[1] ?? "", "base64").toString("utf8");
	const colon = text.indexOf(":");
	return colon === -1 ? ["", ""] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** @returns seconds to wait; 0 where the request may go on */
function checkRateLimit(state: AtlasState, buckets: TokenBuckets, client: string): number {
	const perMinute = state.settings.tokensPerMinute;
	const limit = { capacity: perMinute, refillRate: perMinute, refillSeconds: 60 };
	const bucket = buckets.get(client) ?? fullBucket(limit, state.now());
	buckets.set(client, bucket);
	return takeToken(bucket, limit, state.now()).waitSeconds;
}

const reply = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): ApiReply => ({
	status,
	headers: { "Content-Type": "application/json", "Cache-Control": "no-store", Pragma: "no-cache", ...headers },
	body: JSON.stringify(body),
	executed: status === 200,
});

function rateLimited(
	parameters: readonly (string | number)[],
	headers: Readonly<Record<string, string>> = {},
): ApiReply {
	const error = new ApiError("RATE_LIMITED", parameters);
	return reply(error.status, error.toBody(), { ...headers, "X-Error-Code": error.errorCode });
}

function errorReply(
	{ settings }: AtlasState,
	status: number,
	error: string,
	description: string,
	headers: Readonly<Record<string, string>> = {},
): ApiReply {
	if (settings.tokenErrorStyle === "rfc6749") return reply(status, { error, error_description: description }, headers);
	const reason = status === 401 ? "Unauthorized" : "Bad Request";
	const body = { detail: description, error: status, errorCode: error.toUpperCase(), parameters: [], reason };
	return reply(status, body, headers);
}
