import { InputError } from "../../domain/errors.ts";
import { isRecord, type JsonObject, parseJson } from "../../domain/json.ts";
import { type HookKey, readHookKey } from "./webhook.ts";

/**
 * The keys by which hooks are signed, as Secrets Manager holds them now. A reading that a wrong signature caused takes
 * nothing from who is signed, however long it lasts and however it ends.
 */
export interface HookKeys {
	/** @returns none where no key is configured. Rejects where no reading of the last minute succeeded. */
	readonly current: () => Promise<readonly HookKey[]>;
	/** Reads again, unless that was done a moment ago: a key may have been added since. Rejects as the reading does. */
	readonly newer: () => Promise<readonly HookKey[]>;
}

/** Milliseconds for which keys serve: one that was removed works for no longer than a minute. */
const FRESH_MS = 55_000;
/** Milliseconds between two readings, however they end, so that wrong signatures can't drive the secret's rate. */
const LEAST_AGE_MS = 10_000;

/**
 * @param readSecret the secret's text; `undefined` where it has none
 * @param now epoch milliseconds
 * @param warn gets a sentence for each reading that finds entries which are no keys
 */
export function createHookKeys(
	readSecret: () => Promise<string | undefined>,
	now: () => number,
	warn: (warning: string) => void,
): HookKeys {
	let good: { readonly at: number; readonly keys: readonly HookKey[] } | undefined;
	let last: { readonly at: number; readonly keys: Promise<readonly HookKey[]> } | undefined;

	function newer(): Promise<readonly HookKey[]> {
		if (last && now() - last.at < LEAST_AGE_MS) return last.keys;
		const at = now();
		const keys = readSecret().then((text) => {
			const parsed = parse(text, warn);
			if (!good || good.at <= at) good = { at, keys: parsed };
			return parsed;
		});
		last = { at, keys };
		return keys;
	}

	return { current: async () => (good && now() - good.at < FRESH_MS ? good.keys : newer()), newer };
}

function parse(text: string | undefined, warn: (warning: string) => void): readonly HookKey[] {
	const { keys, faulty } = parseHookKeys(text);
	if (faulty.length > 0) warn(`webhook secret: entry ${faulty.join(", ")} is ignored; ${RULE}`);
	return keys;
}

const RULE = 'a key is whsec_<base64> of 24 to 64 bytes, and a caller\'s name 1 to 64 letters, digits, ".", "-" or "_"';

/**
 * Reads `{"<caller>": "whsec_…"}`, where a caller may have several keys as a list, or for the one caller `default` the
 * keys as text, separated by white space. An entry that is no key takes nothing from the others, and a caller who is
 * named twice has the keys of both.
 *
 * @returns the keys, and which entries, counted from 1, are none; they are not quoted
 * @throws InputError `SECRET_INVALID` where the JSON is none, or there are entries and none of them is a key
 */
export function parseHookKeys(text: string | undefined): { keys: readonly HookKey[]; faulty: readonly number[] } {
	const entries = split(text ?? "").map(([caller, key]) => (isCaller(caller) ? readHookKey(caller, key) : undefined));
	const keys = entries.filter((key) => key !== undefined);
	if (entries.length > 0 && keys.length === 0) {
		throw new InputError("SECRET_INVALID", "webhook secret", [{ pointer: "", detail: `must hold keys; ${RULE}` }]);
	}
	return { keys, faulty: entries.flatMap((key, index) => (key === undefined ? [index + 1] : [])) };
}

type Entry = readonly [caller: string, key: unknown];

/** @throws InputError `SECRET_INVALID` where the text begins as JSON and is none: no word of it is taken for a key */
function split(text: string): readonly Entry[] {
	const trimmed = text.trim();
	if (!/^[[{]/.test(trimmed)) return words("default", trimmed);
	if (!isRecord(parseJson(trimmed))) {
		const detail = `must hold keys; ${RULE}; this is no JSON object, though it begins with ${trimmed[0]}`;
		throw new InputError("SECRET_INVALID", "webhook secret", [{ pointer: "", detail }]);
	}
	return membersOf(trimmed).flatMap(([caller, keys]): readonly Entry[] => {
		if (typeof keys === "string") return words(caller, keys);
		return Array.isArray(keys) ? keys.map((key: unknown) => [caller, key] as const) : [[caller, keys]];
	});
}

/**
 * The members of a JSON object, all of them where a name stands twice: `JSON.parse` keeps only the last (RFC 8259 §4), and
 * the caller would lose a key. So each name is numbered before it is parsed.
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

const words = (caller: string, text: string): readonly Entry[] =>
	text.split(/\s+/).flatMap((word) => (word === "" ? [] : [[caller, word] as const]));

/** It is published: a key that was put in the name's place is none. */
const isCaller = (name: string): boolean => /^(?!whsec_)[A-Za-z0-9._-]{1,64}$/.test(name);
