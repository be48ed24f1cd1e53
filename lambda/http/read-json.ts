import { ProblemError } from "./problem.ts";
import type { HttpRequest } from "./request.ts";

/** Bytes; a request with a thousand cluster names of usual length fits. */
const MAX_BODY_BYTES = 20_000;

/** @throws ProblemError `body-too-large` */
export function checkSize({ body }: HttpRequest): void {
	if (body.byteLength > MAX_BODY_BYTES) {
		throw new ProblemError("body-too-large", { detail: `the body must not be larger than ${MAX_BODY_BYTES} bytes` });
	}
}

/**
 * Reads a body of JSON in UTF-8 (RFC 8259 §8.1). A request without a content type is taken at its word (RFC 9110 §8.3).
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
