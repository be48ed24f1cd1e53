import type * as v from "valibot";
import type { InputFault } from "./errors.ts";

/** Characters of one key that a pointer quotes: the sender chose it. */
const KEY_LENGTH = 40;

/**
 * Every field of an object that a schema does not know, by name: the schema library's strict object stops at the first.
 * To that library a list is an object; here it is none.
 */
export function unknownFields(input: unknown, known: object, pointer = ""): InputFault[] {
	if (typeof input !== "object" || input === null) return [];
	if (Array.isArray(input)) return [{ pointer, detail: "must be a JSON object" }];
	return Object.keys(input)
		.filter((key) => !Object.hasOwn(known, key))
		.map((key) => ({ pointer: `${pointer}/${escapePointer(key)}`, detail: "is not known" }));
}

/**
 * Turns what the schema library found into faults: the path as a JSON Pointer (RFC 6901) and our own sentence. The
 * library's sentences quote what they received, so each schema must bring a message of its own.
 */
export function toFaults(issues: readonly v.BaseIssue<unknown>[]): InputFault[] {
	return issues.map((issue) => ({
		pointer: (issue.path ?? []).map(({ key }) => `/${escapePointer(String(key))}`).join(""),
		detail: issue.message,
	}));
}

/** A long key is cut: it would make a reply or a line of the log as long as whoever sends it likes. */
const escapePointer = (key: string): string =>
	(key.length > KEY_LENGTH ? `${key.slice(0, KEY_LENGTH)}…` : key).replaceAll("~", "~0").replaceAll("/", "~1");
