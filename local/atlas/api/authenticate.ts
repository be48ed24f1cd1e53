import { hash, randomBytes } from "node:crypto";
import { BlockList, isIPv4 } from "node:net";
import type { AtlasState } from "../state/state.ts";
import { ApiError } from "./errors.ts";
import type { ApiReply, ApiRequest } from "./request.ts";

/** How a request authenticates. */
export type Scheme = "none" | "digest" | "bearer" | "basic" | "other";

export function authSchemeOf(request: ApiRequest): Scheme {
	const value = request.headers.authorization;
	if (value === undefined) return "none";
	const name = value.slice(0, value.indexOf(" ")).toLowerCase();
	return name === "digest" || name === "bearer" || name === "basic" ? name : "other";
}

/** The 401 of a request without valid credentials, or undefined. */
export function rejectUnauthenticated(state: AtlasState, nonces: Nonces, request: ApiRequest): ApiReply | undefined {
	const value = request.headers.authorization ?? "";
	switch (authSchemeOf(request)) {
		case "bearer": {
			const token = state.credentials.tokens.get(value.slice("Bearer ".length));
			if (token !== undefined && token.expiresAt > state.now()) return undefined;
			return unauthorized(state, [`Bearer realm="MMS Public API", error="invalid_token"`]);
		}
		case "digest": {
			const result = checkDigest(state, nonces, request, value);
			return result === "good" ? undefined : unauthorized(state, challenges(state, nonces, result === "stale"));
		}
		case "basic":
		case "none":
		case "other":
			return unauthorized(state, challenges(state, nonces, false));
	}
}

/** Byte for byte as recorded: pretty-printed, no `X-Error-Code`, no rate-limit headers. */
function unauthorized(state: AtlasState, authenticate: string[]): ApiReply {
	const code = state.settings.unauthorizedErrorCode;
	const errorCode = code === null ? "" : `,\n  "errorCode" : "${code}"`;
	return {
		status: 401,
		headers: {
			"Content-Type": "application/json",
			Vary: "Accept-Encoding",
			"WWW-Authenticate": authenticate,
			"X-Envoy-Upstream-Service-Time": "1",
		},
		body: `{\n  "error" : 401,\n  "reason" : "Unauthorized",\n  "detail" : "You are not authorized for this resource."${errorCode}\n}`,
		executed: false,
	};
}

/** @throws ApiError 403, naming the address, where it is not on the access list */
export function checkAddress(state: AtlasState, request: ApiRequest): void {
	const { accessList, clientAddress } = state.settings;
	if (accessList === null) return;
	const address = clientAddress ?? request.address;
	const allowed = new BlockList();
	for (const entry of accessList) {
		const [network = "", prefix] = entry.split("/");
		const family = isIPv4(network) ? "ipv4" : "ipv6";
		if (prefix === undefined) allowed.addAddress(network, family);
		else allowed.addSubnet(network, Number(prefix), family);
	}
	if (!allowed.check(address, isIPv4(address) ? "ipv4" : "ipv6"))
		throw new ApiError("IP_ADDRESS_NOT_ON_ACCESS_LIST", [address]);
}

const REALM = "MMS Public API";

interface Nonce {
	readonly issuedAt: number;
	readonly seen: Set<number>;
}

/** Nonces that were issued, oldest first. */
export type Nonces = Map<string, Nonce>;

type DigestResult = "good" | "stale" | "bad";

/** One `WWW-Authenticate` value per algorithm, with one new nonce, as Eclipse Jetty's DigestAuthenticator sends them. */
function challenges(state: AtlasState, nonces: Nonces, stale: boolean): string[] {
	const now = state.now();
	for (const [text, { issuedAt }] of nonces) {
		if (issuedAt + state.settings.nonceSeconds * 1000 > now) break;
		nonces.delete(text);
	}
	const nonce = randomBytes(24).toString("base64");
	nonces.set(nonce, { issuedAt: now, seen: new Set() });
	return state.settings.digestAlgorithms.map(
		(algorithm) =>
			`Digest realm="${REALM}", domain="", nonce="${nonce}", algorithm=${algorithm}, qop="auth", stale=${stale}`,
	);
}

const PARAMETER = /([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,\s*|$)/y;

/** The parameters of an `Authorization: Digest` value, or undefined where it is malformed or names one twice. */
export function parseDigest(value: string): ReadonlyMap<string, string> | undefined {
	const found = new Map<string, string>();
	PARAMETER.lastIndex = "Digest ".length;
	while (PARAMETER.lastIndex < value.length) {
		const match = PARAMETER.exec(value);
		if (match === null) return undefined;
		const name = (match[1] ?? "").toLowerCase();
		if (found.has(name)) return undefined;
		found.set(name, match[2]?.replaceAll(/\\(.)/g, "$1") ?? match[3] ?? "");
	}
	return found;
}

const digestOf = (algorithm: "MD5" | "SHA-256", text: string): string =>
	hash(algorithm === "MD5" ? "md5" : "sha256", text, "hex");

/**
 * Checks a response to a challenge (RFC 7616 §3.4). The nonce comes first and its count is used up, whatever else is
 * wrong; only an unknown, expired or used-up nonce is `stale`.
 */
function checkDigest(state: AtlasState, nonces: Nonces, request: ApiRequest, value: string): DigestResult {
	const given = parseDigest(value);
	const text = (name: string): string => given?.get(name) ?? "";
	if (given === undefined || !/^[0-9a-f]{8}$/i.test(text("nc")) || text("cnonce") === "") return "bad";
	const nonce = nonces.get(text("nonce"));
	const count = Number.parseInt(text("nc"), 16);
	if (nonce === undefined || state.now() >= nonce.issuedAt + state.settings.nonceSeconds * 1000) return "stale";
	if (count >= state.settings.nonceUses) return "stale";
	if (nonce.seen.has(count)) return "bad";
	if (state.settings.nonceCountsRise && count !== nonce.seen.size + 1) return "bad";
	nonce.seen.add(count);
	const algorithm = state.settings.digestAlgorithms.find((name) => name === (given.get("algorithm") ?? "MD5"));
	const password = state.credentials.apiKeys.get(text("username"));
	if (algorithm === undefined || password === undefined) return "bad";
	if (text("realm") !== REALM || text("qop") !== "auth" || text("uri") !== request.target) return "bad";
	const secret = digestOf(algorithm, `${text("username")}:${REALM}:${password}`);
	const hashed = digestOf(algorithm, `${request.method}:${text("uri")}`);
	const expected = digestOf(
		algorithm,
		`${secret}:${text("nonce")}:${text("nc")}:${text("cnonce")}:${text("qop")}:${hashed}`,
	);
	return expected === text("response") ? "good" : "bad";
}
