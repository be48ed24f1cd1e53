import * as v from "valibot";
import { InputError } from "../domain/errors.ts";
import { type HookKey, readHookKey } from "./standard-webhooks.ts";

/** The keys by which hooks are signed, as Secrets Manager holds them now. */
export interface HookKeys {
	/** @returns none where no key is configured */
	readonly current: () => Promise<readonly HookKey[]>;
	/** Reads again, unless that was done a moment ago: a key may have been added since. */
	readonly newer: () => Promise<readonly HookKey[]>;
}

/** Milliseconds for which keys serve; one that was taken away works no longer than this. */
const FRESH_MS = 300_000;
/** Milliseconds between two readings, so that wrong signatures can't drive the secret's rate. */
const LEAST_AGE_MS = 10_000;

/**
 * @param readSecret the secret's text; `undefined` where it has none
 * @param now epoch milliseconds
 */
export function createHookKeys(readSecret: () => Promise<string | undefined>, now: () => number): HookKeys {
	let read: { readonly at: number; readonly keys: Promise<readonly HookKey[]> } | undefined;

	function notOlderThan(milliseconds: number): Promise<readonly HookKey[]> {
		if (read && now() - read.at < milliseconds) return read.keys;
		const keys = readSecret().then(parseHookKeys);
		const reading = { at: now(), keys };
		read = reading;
		keys.catch(() => {
			if (read === reading) read = undefined;
		});
		return keys;
	}

	return { current: () => notOlderThan(FRESH_MS), newer: () => notOlderThan(LEAST_AGE_MS) };
}

const ListSchema = v.object({ secrets: v.array(v.string()) });

/**
 * Reads `whsec_…` keys, separated by white space, or `{"secrets": ["whsec_…"]}`.
 *
 * @throws InputError `SECRET_INVALID`, quoting nothing
 */
export function parseHookKeys(text: string | undefined): readonly HookKey[] {
	if (text === undefined || text.trim() === "") return [];
	const keys = split(text).map(readHookKey);
	if (keys.every((key) => key !== undefined)) return keys;
	const detail = 'must hold whsec_<base64> keys of at least 16 bytes, separated by spaces, or {"secrets": […]} of them';
	throw new InputError("SECRET_INVALID", "webhook secret", [{ pointer: "", detail }]);
}

function split(text: string): readonly string[] {
	if (!text.trimStart().startsWith("{")) return text.trim().split(/\s+/);
	try {
		const list: unknown = JSON.parse(text);
		return v.is(ListSchema, list) ? list.secrets : [""];
	} catch {
		return [""];
	}
}
