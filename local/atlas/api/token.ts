import { type Bucket, draw, fullBucket } from "../state/bucket.ts";
import { mintToken } from "../state/credentials.ts";
import type { World } from "../state/state.ts";
import type { Exchange, Reply } from "./exchange.ts";
import { Refused } from "./refused.ts";

/** One bucket per address and client. */
export type TokenBuckets = Map<string, Bucket>;

const JSON_HEADERS = { "Content-Type": "application/json", "Cache-Control": "no-store", Pragma: "no-cache" };

/** `POST /api/oauth/token` (RFC 6749 §4.4), with the client's id and secret in Basic as they are, not form-encoded. */
export function mint(world: World, buckets: TokenBuckets, exchange: Exchange): Reply {
	const [clientId, clientSecret] = readBasic(exchange.headers.authorization);
	const limited = overLimit(world, buckets, `${exchange.address} ${clientId}`);
	if (limited !== undefined) return limited;
	if (world.credentials.serviceAccounts.get(clientId)?.has(clientSecret) !== true)
		return refusal(world, 401, "invalid_client", "Client authentication failed", {
			"WWW-Authenticate": 'Basic realm="MMS Public API"',
		});
	if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(exchange.headers["content-type"] ?? ""))
		return refusal(world, 400, "invalid_request", "The body must be form-encoded");
	const grants = new URLSearchParams(exchange.body).getAll("grant_type");
	if (grants.length !== 1) return refusal(world, 400, "invalid_request", "grant_type must be given once");
	if (grants[0] !== "client_credentials")
		return refusal(world, 400, "unsupported_grant_type", "Only client_credentials is supported");
	const token = mintToken(world.credentials, { clientId, clientSecret }, world.settings, world.now());
	// The cap is known, its error is not; a 429 without a wait is what a client can make least of.
	if (token === undefined)
		return ofRefused(new Refused("RATE_LIMITED", ["/api/oauth/token", world.settings.liveTokens, 60]));
	return {
		status: 200,
		headers: JSON_HEADERS,
		body: JSON.stringify({ access_token: token, expires_in: world.settings.tokenSeconds, token_type: "Bearer" }),
		executed: true,
	};
}

function readBasic(value: string | undefined): [string, string] {
	const match = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(value ?? "");
	const text = Buffer.from(match?.[1] ?? "", "base64").toString("utf8");
	const colon = text.indexOf(":");
	return colon === -1 ? ["", ""] : [text.slice(0, colon), text.slice(colon + 1)];
}

function overLimit(world: World, buckets: TokenBuckets, holder: string): Reply | undefined {
	const perMinute = world.settings.tokensPerMinute;
	const limit = { capacity: perMinute, refillRate: perMinute, refillSeconds: 60 };
	let bucket = buckets.get(holder);
	if (bucket === undefined) {
		bucket = fullBucket(limit, world.now());
		buckets.set(holder, bucket);
	}
	const { granted, waitSeconds } = draw(bucket, limit, world.now());
	if (granted) return undefined;
	const headers: Record<string, string> = world.settings.rateLimitHeaders ? { "Retry-After": String(waitSeconds) } : {};
	return ofRefused(new Refused("RATE_LIMITED", ["/api/oauth/token", perMinute, 1], { headers }));
}

const ofRefused = (refused: Refused): Reply => ({
	status: refused.status,
	headers: { ...JSON_HEADERS, ...refused.headers, "X-Error-Code": refused.errorCode },
	body: JSON.stringify(refused.toBody()),
	executed: false,
});

function refusal(
	world: World,
	status: number,
	error: string,
	description: string,
	headers: Readonly<Record<string, string>> = {},
): Reply {
	const body =
		world.settings.tokenErrorStyle === "rfc6749"
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
