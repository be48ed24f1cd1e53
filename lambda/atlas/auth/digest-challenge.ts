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

/**
 * Reads a `WWW-Authenticate` field: several challenges may share it, commas may stand within quotes, and commas also
 * separate challenges from one another. Reading ends where the grammar does; what was whole until then counts.
 *
 * @see RFC 9110 §11.6.1
 */
export function parseChallenges(field: string): Challenge[] {
	const challenges: { scheme: string; params: Record<string, string> }[] = [];
	let at = 0;
	const take = (pattern: RegExp): RegExpExecArray | undefined => {
		pattern.lastIndex = at;
		const match = pattern.exec(field);
		if (!match) return undefined;
		at = pattern.lastIndex;
		return match;
	};
	take(COMMAS);
	take(BLANK);
	while (at < field.length) {
		const token = take(TOKEN)?.[0];
		if (token === undefined) break;
		const current = challenges.at(-1);
		if (current && take(EQUALS)) {
			const value = take(QUOTED)?.[1]?.replace(/\\(.)/g, "$1") ?? take(TOKEN)?.[0];
			if (value === undefined) break;
			// The first one counts: a parameter may occur once only (RFC 9110 §11.2).
			if (!Object.hasOwn(current.params, token.toLowerCase())) define(current.params, token.toLowerCase(), value);
		} else {
			challenges.push({ scheme: token.toLowerCase(), params: {} });
			take(BLANK);
			if (!startsParameter(field, at) && take(TOKEN68)) take(BLANK);
			if (startsParameter(field, at)) continue;
		}
		if (!take(COMMAS) && at < field.length) break;
	}
	return challenges;
}

const PARAMETER = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=[ \t]*(?:"|[!#$%&'*+\-.^_`|~0-9A-Za-z])/y;

function startsParameter(field: string, at: number): boolean {
	PARAMETER.lastIndex = at;
	return PARAMETER.test(field);
}

/** Also for names such as `__proto__`, which assignment would not store. */
const define = (params: Record<string, string>, name: string, value: string): void => {
	Object.defineProperty(params, name, { value, enumerable: true, configurable: true, writable: true });
};

/** What a server asks for, as far as it is needed to answer. */
export interface DigestChallenge {
	readonly realm: string;
	readonly nonce: string;
	readonly algorithm: "MD5" | "SHA-256";
	readonly opaque?: string;
	/** The nonce that was sent is too old or unknown, though the key may be right. */
	readonly stale: boolean;
}

/** What one request answers with. */
export interface DigestAnswer {
	readonly username: string;
	readonly password: string;
	readonly method: string;
	/** The request target exactly as sent, with its query. */
	readonly uri: string;
	/** How often this nonce has been used, this time included. */
	readonly nc: number;
	readonly cnonce: string;
}

/**
 * Picks the first challenge that can be answered: Digest, `MD5` or `SHA-256`, `qop=auth`. The server lists them in its
 * own order of preference.
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
	const isStale = stale?.toLowerCase() === "true";
	return { realm, nonce, algorithm, stale: isStale, ...(opaque === undefined ? {} : { opaque }) };
}

/**
 * Writes the `Authorization` field that answers a challenge.
 *
 * @see RFC 7616 §3.4, §3.4.1 (response), §3.4.2 (A1), §3.4.3 (A2)
 */
export function answerChallenge(challenge: DigestChallenge, answer: DigestAnswer): string {
	const { realm, nonce, algorithm, opaque } = challenge;
	const { username, password, method, uri, cnonce } = answer;
	const hash = (text: string) =>
		createHash(algorithm === "MD5" ? "md5" : "sha256")
			.update(text)
			.digest("hex");
	const nc = answer.nc.toString(16).padStart(8, "0");
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
