import type { RequestedBy } from "../../domain/run.ts";
import { ProblemError } from "./problem.ts";

/** An HTTP request, whichever payload version API Gateway sent it in. */
export interface HttpRequest {
	readonly method: string;
	/** The path below the stage or base path, as routes know it. */
	readonly path: string;
	/** Stage or base path before the path; empty, or starts with a slash. */
	readonly prefix: string;
	/** Names in lower case; repeated fields are joined by a comma (RFC 9110 §5.3). */
	readonly headers: Readonly<Record<string, string>>;
	/** The body's bytes as they came: signatures are made over them. */
	readonly body: Uint8Array;
	/** API Gateway's own id of the request. */
	readonly id: string | undefined;
	/** The caller that API Gateway's IAM authorizer authenticated; absent on routes without it. */
	readonly caller: RequestedBy | undefined;
	/** Epoch milliseconds by which the reply must be ready. */
	readonly replyBy: number;
}

export interface HttpReply {
	readonly status: number;
	/** Names in lower case. */
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
}

/**
 * Adds the default headers: no caching (RFC 9111 §5.2.2.5) and no type sniffing (WHATWG Fetch, "X-Content-Type-Options").
 * Removes the body of a reply to HEAD (RFC 9110 §9.3.2).
 */
export const finalizeReply = (method: string, { status, headers, body }: HttpReply): HttpReply => ({
	status,
	headers: { "cache-control": "no-store", "x-content-type-options": "nosniff", ...headers },
	body: method === "HEAD" ? undefined : body,
});

/** Replies to every request, and never throws. */
export type HttpRouter = (request: HttpRequest) => Promise<HttpReply>;

/** @throws ProblemError `not-allowed` if the caller is not authenticated */
export function requireCaller({ caller }: HttpRequest): RequestedBy {
	if (caller !== undefined) return caller;
	const detail = "must come through the HTTP API and be signed by IAM";
	throw new ProblemError("not-allowed", { detail: `the request ${detail}`, errors: [{ pointer: "", detail }] });
}

/** A request with a thousand cluster names of usual length fits. */
const MAX_BODY_BYTES = 20_000;

/** @throws ProblemError `body-too-large` */
export function checkSize({ body }: HttpRequest): void {
	if (body.byteLength > MAX_BODY_BYTES) {
		throw new ProblemError("body-too-large", { detail: `the body must not be larger than ${MAX_BODY_BYTES} bytes` });
	}
}

/**
 * Reads a body of JSON in UTF-8 (RFC 8259 §8.1). A body without content type is read as JSON (RFC 9110 §8.3).
 *
 * @throws ProblemError `media-type-unsupported`, `json-invalid`
 */
export function readJson({ headers, body }: HttpRequest): unknown {
	const type = headers["content-type"];
	const encoding = headers["content-encoding"] ?? "identity";
	if ((type !== undefined && !isJson(type)) || encoding.trim().toLowerCase() !== "identity") {
		throw new ProblemError("media-type-unsupported", {
			detail: "content-type must be application/json in UTF-8, without content-encoding",
			headers: { accept: "application/json" },
		});
	}
	try {
		return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
	} catch {
		throw new ProblemError("json-invalid", { detail: "the body must be one JSON value in UTF-8" });
	}
}

/** `application/json`, with no other parameter than `charset=utf-8`. */
const isJson = (type: string): boolean =>
	/^\s*application\/json\s*(;\s*charset\s*=\s*("utf-?8"|utf-?8)\s*)?;?\s*$/i.test(type);

/**
 * Reads the idempotency key: `Idempotency-Key`, as a quoted string of Structured Fields or unquoted, else `webhook-id`.
 *
 * @returns `undefined` if the request has none
 * @throws ProblemError `idempotency-key-invalid`
 * @see draft-ietf-httpapi-idempotency-key-header §2.1; RFC 9651 §3.3.3 (strings)
 */
export function readIdempotencyKey(headers: Readonly<Record<string, string>>): string | undefined {
	const field = headers["idempotency-key"]?.trim();
	if (field === undefined) return readWebhookId(headers);
	return field.startsWith('"')
		? checkKey("Idempotency-Key", unquote(field))
		: checkUnquotedKey("Idempotency-Key", field);
}

/** @throws ProblemError `idempotency-key-invalid` */
export function readWebhookId(headers: Readonly<Record<string, string>>): string | undefined {
	const id = headers["webhook-id"]?.trim();
	return id === undefined ? undefined : checkUnquotedKey("webhook-id", id);
}

/** A comma may join two fields (RFC 9110 §5.3), whose keys would together name a third run. In quotes it is part of the key. */
function checkUnquotedKey(name: string, key: string): string {
	if (!key.includes(",")) return checkKey(name, key);
	const detail = `${name} must be sent once, and hold no comma${name === "webhook-id" ? "" : " unless quoted"}`;
	throw new ProblemError("idempotency-key-invalid", { detail });
}

function checkKey(name: string, key: string | undefined): string {
	if (key !== undefined && /^[\x20-\x7e]{1,255}$/.test(key)) return key;
	const detail = `${name} must be 1 to 255 printable ASCII characters`;
	throw new ProblemError("idempotency-key-invalid", { detail });
}

/** @returns `undefined` if the field is no quoted string */
function unquote(field: string): string | undefined {
	if (!/^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"$/.test(field)) return undefined;
	return field.slice(1, -1).replace(/\\(["\\])/g, "$1");
}

/** Seconds; API Gateway gives up after 30. */
const MAX_WAIT_SECONDS = 20;

/**
 * Reads `Prefer: wait`. A malformed preference is ignored; a longer one is reduced to {@link MAX_WAIT_SECONDS}.
 *
 * @returns whole seconds; 0 without such a preference
 * @see RFC 7240 §2 (the first of several counts), §4.3 (wait)
 */
export function readPreferredWait(prefer: string | undefined): number {
	for (const preference of prefer?.split(",") ?? []) {
		const [name = "", value = ""] = (preference.split(";")[0] ?? "").split("=");
		if (name.trim().toLowerCase() !== "wait") continue;
		const seconds = /^"?(\d{1,9})"?$/.exec(value.trim())?.[1];
		return seconds === undefined ? 0 : Math.min(Number(seconds), MAX_WAIT_SECONDS);
	}
	return 0;
}
