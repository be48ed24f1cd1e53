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
