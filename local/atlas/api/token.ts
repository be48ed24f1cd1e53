import { issueToken } from "../state/credentials.ts";
import { type Bucket, draw, fullBucket } from "../state/rate-limit.ts";
import type { AtlasState } from "../state/state.ts";
import { ApiError } from "./errors.ts";
import type { ApiReply, ApiRequest } from "./request.ts";

/** One bucket per address and client. */
export type TokenBuckets = Map<string, Bucket>;

const JSON_HEADERS = { "Content-Type": "application/json", "Cache-Control": "no-store", Pragma: "no-cache" };

/** `POST /api/oauth/token` (RFC 6749 §4.4), with the client's id and secret in Basic as they are, not form-encoded. */
export function handleTokenRequest(state: AtlasState, buckets: TokenBuckets, request: ApiRequest): ApiReply {
	const [clientId, clientSecret] = readBasic(request.headers.authorization);
	const limited = overLimit(state, buckets, `${request.address} ${clientId}`);
	if (limited !== undefined) return limited;
	if (state.credentials.serviceAccounts.get(clientId)?.has(clientSecret) !== true)
		return refusal(state, 401, "invalid_client", "Client authentication failed", {
			"WWW-Authenticate": 'Basic realm="MMS Public API"',
		});
	if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers["content-type"] ?? ""))
		return refusal(state, 400, "invalid_request", "The body must be form-encoded");
	const grants = new URLSearchParams(request.body).getAll("grant_type");
	if (grants.length !== 1) return refusal(state, 400, "invalid_request", "grant_type must be given once");
	if (grants[0] !== "client_credentials")
		return refusal(state, 400, "unsupported_grant_type", "Only client_credentials is supported");
	const token = issueToken(state.credentials, { clientId, clientSecret }, state.settings, state.now());
	// The cap is known, its error is not; a 429 without a wait is what a client can make least of.
	if (token === undefined)
		return ofRefused(new ApiError("RATE_LIMITED", ["/api/oauth/token", state.settings.liveTokens, 60]));
	return {
		status: 200,
		headers: JSON_HEADERS,
		body: JSON.stringify({ access_token: token, expires_in: state.settings.tokenSeconds, token_type: "Bearer" }),
		executed: true,
	};
}

function readBasic(value: string | undefined): [string, string] {
	const match = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(value ?? "");
	const text = Buffer.from(match?.[1] ?? "", "base64").toString("utf8");
	const colon = text.indexOf(":");
	return colon === -1 ? ["", ""] : [text.slice(0, colon), text.slice(colon + 1)];
}

function overLimit(state: AtlasState, buckets: TokenBuckets, holder: string): ApiReply | undefined {
	const perMinute = state.settings.tokensPerMinute;
	const limit = { capacity: perMinute, refillRate: perMinute, refillSeconds: 60 };
	let bucket = buckets.get(holder);
	if (bucket === undefined) {
		bucket = fullBucket(limit, state.now());
		buckets.set(holder, bucket);
	}
	const { granted, waitSeconds } = draw(bucket, limit, state.now());
	if (granted) return undefined;
	const headers: Record<string, string> = state.settings.rateLimitHeaders ? { "Retry-After": String(waitSeconds) } : {};
	return ofRefused(new ApiError("RATE_LIMITED", ["/api/oauth/token", perMinute, 1], { headers }));
}

const ofRefused = (refused: ApiError): ApiReply => ({
	status: refused.status,
	headers: { ...JSON_HEADERS, ...refused.headers, "X-Error-Code": refused.errorCode },
	body: JSON.stringify(refused.toBody()),
	executed: false,
});

function refusal(
	state: AtlasState,
	status: number,
	error: string,
	description: string,
	headers: Readonly<Record<string, string>> = {},
): ApiReply {
	const body =
		state.settings.tokenErrorStyle === "rfc6749"
			? { error, error_description: description }
			: {
					detail: description,
					error: status,
					errorCode: error.toUpperCase(),
					parameters: [],
					reason: status === 401 ? "Unauthorized" : "Bad Request",
				};
	return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body), executed: false };
}
