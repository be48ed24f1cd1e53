import { hash, randomBytes } from "node:crypto";
import type { AtlasState } from "../state/state.ts";
import type { ApiRequest } from "./exchange.ts";

/** As Eclipse Jetty's DigestAuthenticator does, whose header Atlas's equals byte for byte. */
const REALM = "MMS Public API";

interface Nonce {
	readonly issuedAt: number;
	readonly seen: Set<number>;
}

/** The nonces handed out and not yet too old. */
export type Nonces = Map<string, Nonce>;

export type DigestResult = "good" | "stale" | "bad";

/** One `WWW-Authenticate` value per algorithm, all with one new nonce. */
export function challenges(state: AtlasState, nonces: Nonces, stale: boolean): string[] {
	const now = state.now();
	// Nonces are kept in the order of their issue, so the old ones are at the front.
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
 * Checks an answer to a challenge (RFC 7616 §3.4). The nonce is looked at first and its count is used up, whatever else
 * is wrong; only an unknown, old or worn-out nonce is `stale`.
 */
export function checkDigest(state: AtlasState, nonces: Nonces, request: ApiRequest, value: string): DigestResult {
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
