import { ProblemError } from "./problem.ts";

const RULE = "must be 1 to 255 printable ASCII characters";

/**
 * Reads the key by which a call is known again: `Idempotency-Key`, as a quoted string of Structured Fields or bare, else
 * `webhook-id`.
 *
 * @returns `undefined` where the call has none
 * @throws ProblemError `idempotency-key-invalid`
 * @see draft-ietf-httpapi-idempotency-key-header §2.1; RFC 9651 §3.3.3 (strings)
 */
export function readIdempotencyKey(headers: Readonly<Record<string, string>>): string | undefined {
	const field = headers["idempotency-key"];
	if (field !== undefined) return check("Idempotency-Key", unquote(field.trim()));
	const id = headers["webhook-id"];
	return id === undefined ? undefined : check("webhook-id", id.trim());
}

function check(name: string, key: string | undefined): string {
	if (key !== undefined && /^[\x20-\x7e]{1,255}$/.test(key)) return key;
	throw new ProblemError("idempotency-key-invalid", { detail: `${name} ${RULE}` });
}

/** @returns `undefined` where the field begins as a quoted string and is none */
function unquote(field: string): string | undefined {
	if (!field.startsWith('"')) return field;
	if (!/^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"$/.test(field)) return undefined;
	return field.slice(1, -1).replace(/\\(["\\])/g, "$1");
}
