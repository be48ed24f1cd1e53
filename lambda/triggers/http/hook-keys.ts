import { InputError } from "../../domain/errors.ts";
import { isRecord, type JsonObject, parseJson } from "../../domain/json.ts";
import { type HookKey, readHookKey } from "./webhook-signature.ts";

/** The keys of hooks, from Secrets Manager. A wrong signature causes a read, which never delays or fails other requests. */
export interface HookKeys {
	/** @returns an empty list if no key is configured. Rejects if no read of the last minute succeeded. */
	readonly current: () => Promise<readonly HookKey[]>;
	/** Reads the secret again, at most every ten seconds: a key may have been added. Rejects if the read fails. */
	readonly refresh: () => Promise<readonly HookKey[]>;
}

/** Milliseconds for which keys are cached: a removed key works for no longer than a minute. */
const MAX_AGE_MS = 55_000;
/** Milliseconds between two reads, so that wrong signatures do not exhaust Secrets Manager's rate limit. */
const MIN_AGE_MS = 10_000;

/**
 * @param readSecret returns the secret's text; `undefined` if it has none
 * @param now epoch milliseconds
 * @param warn is called with a sentence for each read that finds malformed entries
 */
export function createHookKeys(
	readSecret: () => Promise<string | undefined>,
	now: () => number,
	warn: (warning: string) => void,
): HookKeys {
	let lastGood: { readonly at: number; readonly keys: readonly HookKey[] } | undefined;
	let last: { readonly at: number; readonly keys: Promise<readonly HookKey[]> } | undefined;

	async function read(at: number): Promise<readonly HookKey[]> {
		const { keys, faulty } = parseHookKeys(await readSecret());
		if (faulty.length > 0) warn(`webhook secret: entry ${faulty.join(", ")} is ignored; ${RULE}`);
		if (!lastGood || lastGood.at <= at) lastGood = { at, keys };
		return keys;
	}

	function refresh(): Promise<readonly HookKey[]> {
		const at = now();
		if (!last || at - last.at >= MIN_AGE_MS) last = { at, keys: read(at) };
		return last.keys;
	}

	return { current: async () => (lastGood && now() - lastGood.at < MAX_AGE_MS ? lastGood.keys : refresh()), refresh };
}

const RULE = 'a key is whsec_<base64> of 24 to 64 bytes, and a caller\'s name 1 to 64 letters, digits, ".", "-" or "_"';

const secretInvalid = (problem = ""): InputError =>
	new InputError("SECRET_INVALID", "webhook secret", [{ pointer: "", detail: `must hold keys; ${RULE}${problem}` }]);

/**
 * Reads `{"<caller>": "whsec_…"}`, where a caller may have a list of keys, or for the one caller `default` the keys as
 * text, separated by white space. Malformed entries are ignored; a caller named twice has the keys of both entries.
 *
 * @returns the keys, and the numbers, counted from 1, of the malformed entries
 * @throws InputError `SECRET_INVALID` if no entry is a key, or the text starts like JSON and is no JSON object
 */
export function parseHookKeys(text: string | undefined): { keys: readonly HookKey[]; faulty: readonly number[] } {
	const entries = readEntries((text ?? "").trim()).map(([caller, key]) =>
		isCallerName(caller) ? readHookKey(caller, key) : undefined,
	);
	const keys = entries.filter((key) => key !== undefined);
	if (entries.length > 0 && keys.length === 0) throw secretInvalid();
	return { keys, faulty: entries.flatMap((key, index) => (key === undefined ? [index + 1] : [])) };
}

type Entry = readonly [caller: string, key: unknown];

function readEntries(text: string): readonly Entry[] {
	if (!/^[[{]/.test(text)) return splitKeys("default", text);
	if (!isRecord(parseJson(text))) {
		throw secretInvalid(`; this is no JSON object, though it begins with ${text[0]}`);
	}
	return membersOf(text).flatMap(([caller, keys]): readonly Entry[] => {
		if (typeof keys === "string") return splitKeys(caller, keys);
		return Array.isArray(keys) ? keys.map((key: unknown) => [caller, key] as const) : [[caller, keys]];
	});
}

/**
 * All members of a JSON object. `JSON.parse` keeps only the last of equal names (RFC 8259 §4), so each name gets a number
 * before the text is parsed.
 */
function membersOf(json: string): readonly Entry[] {
	let depth = 0;
	let count = 0;
	const numbered = json.replace(/"(?:[^"\\]|\\.)*"(\s*:)?|[[\]{}]/g, (token, colon?: string) => {
		if (/^[[{]/.test(token)) depth++;
		if (/^[\]}]/.test(token)) depth--;
		return colon !== undefined && depth === 1 ? `"${count++} ${token.slice(1)}` : token;
	});
	const members = Object.entries(JSON.parse(numbered) as JsonObject);
	return members.map(([name, value]) => [name.slice(name.indexOf(" ") + 1), value]);
}

const splitKeys = (caller: string, text: string): readonly Entry[] =>
	text.split(/\s+/).flatMap((key) => (key === "" ? [] : [[caller, key] as const]));

/** The name is published, so it must not be a key. */
const isCallerName = (name: string): boolean => /^(?!whsec_)[A-Za-z0-9._-]{1,64}$/.test(name);
