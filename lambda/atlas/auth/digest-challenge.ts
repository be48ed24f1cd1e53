import { createHash } from "node:crypto";

/** One challenge of a `WWW-Authenticate` field: the scheme and the names of its parameters in lower case. */
export interface Challenge {
	readonly scheme: string;
	readonly params: Readonly<Record<string, string>>;
}

/** RFC 9110 §5.6.2 `token`, §5.6.4 `quoted-string`, §11.2 `token68`. */
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const BLANK = /[ \t]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const COMMAS = /[ \t]*(?:,[ \t]*)+/y;
const PARAMETER = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=[ \t]*(?:"|[!#$%&'*+\-.^_`|~0-9A-Za-z])/y;

/**
 * Parses a `WWW-Authenticate` field. It may hold several challenges; commas separate both challenges and parameters, and
 * may be part of a quoted string. Parsing ends at the first syntax error; the challenges before it count.
 *
 * @see RFC 9110 §11.6.1
 */
export function parseChallenges(field: string): Challenge[] {
	const challenges: { scheme: string; params: Record<string, string> }[] = [];
	let at = 0;
	const match = (pattern: RegExp): RegExpExecArray | undefined => {
		pattern.lastIndex = at;
		const found = pattern.exec(field) ?? undefined;
		if (found) at = pattern.lastIndex;
		return found;
	};
	const startsParameter = (): boolean => {
		PARAMETER.lastIndex = at;
		return PARAMETER.test(field);
	};
	match(COMMAS);
	match(BLANK);
	while (at < field.length) {
		const token = match(TOKEN)?.[0].toLowerCase();
		if (token === undefined) break;
		const current = challenges.at(-1);
		if (current && match(EQUALS)) {
			const value = match(QUOTED)?.[1]?.replace(/\\(.)/g, "$1") ?? match(TOKEN)?.[0];
			if (value === undefined) break;
			// The first one counts: a parameter may occur only once (RFC 9110 §11.2).
			current.params[token] ??= value;
		} else {
			// Without a prototype, so that `__proto__` is a parameter like any other.
			challenges.push({ scheme: token, params: Object.create(null) });
			match(BLANK);
			if (!startsParameter() && match(TOKEN68)) match(BLANK);
			if (startsParameter()) continue;
		}
		if (!match(COMMAS)) break;
	}
	return challenges;
}

/** The parameters of a digest challenge that the response needs. */
export interface DigestChallenge {
	readonly realm: string;
	readonly nonce: string;
	readonly algorithm: "MD5" | "SHA-256";
	readonly opaque?: string;
	/** The nonce is too old or unknown; the key was not checked. */
	readonly stale: boolean;
}

/** What one request contributes to its response. */
export interface DigestInput {
	readonly username: string;
	readonly password: string;
	readonly method: string;
	/** The request target exactly as sent, with its query. */
	readonly uri: string;
	/** Uses of this nonce, including this one. */
	readonly nc: number;
	readonly cnonce: string;
}

/**
 * Finds the first supported challenge: Digest, `MD5` or `SHA-256`, `qop=auth`. The server lists them in its order of
 * preference.
 *
 * @param field `WWW-Authenticate`
 * @see RFC 7616 §3.3, §3.7
 */
export function findDigestChallenge(field: string | undefined): DigestChallenge | undefined {
	return parseChallenges(field ?? "")
		.map(readChallenge)
		.find((challenge) => challenge !== undefined);
}

function readChallenge({ scheme, params }: Challenge): DigestChallenge | undefined {
	const { realm, nonce, opaque, stale, qop = "" } = params;
	const algorithm = (params["algorithm"] ?? "MD5").toUpperCase();
	if (scheme !== "digest" || realm === undefined || nonce === undefined) return undefined;
	if (algorithm !== "MD5" && algorithm !== "SHA-256") return undefined;
	if (!qop.split(",").some((option) => option.trim().toLowerCase() === "auth")) return undefined;
	return { realm, nonce, algorithm, opaque, stale: stale?.toLowerCase() === "true" };
}

/**
 * Writes the `Authorization` field for a challenge.
 *
 * @see RFC 7616 §3.4, §3.4.1 (response), §3.4.2 (A1), §3.4.3 (A2)
 */
export function respondToChallenge(challenge: DigestChallenge, input: DigestInput): string {
	const { realm, nonce, algorithm, opaque } = challenge;
	const { username, password, method, uri, cnonce } = input;
	const hash = (text: string) =>
		createHash(algorithm === "MD5" ? "md5" : "sha256")
			.update(text)
			.digest("hex");
	const nc = input.nc.toString(16).padStart(8, "0");
	const secret = hash(`${username}:${realm}:${password}`);
	const response = hash(`${secret}:${nonce}:${nc}:${cnonce}:auth:${hash(`${method}:${uri}`)}`);
	return [
		`Digest username=${quote(username)}`,
		`realm=${quote(realm)}`,
		`nonce=${quote(nonce)}`,
		`uri=${quote(uri)}`,
		`response="${response}"`,
		`algorithm=${algorithm}`,
		`cnonce=${quote(cnonce)}`,
		...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
		"qop=auth",
		`nc=${nc}`,
	].join(", ");
}

/** RFC 9110 §5.6.4. */
const quote = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;
