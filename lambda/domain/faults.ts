import type * as v from "valibot";
import type { InputFault } from "./errors.ts";

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

const escapePointer = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
