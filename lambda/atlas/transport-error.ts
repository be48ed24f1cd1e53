import { AtlasError } from "../domain/errors.ts";
import { subjectOf } from "./subject.ts";
import type { Call } from "./wire.ts";

/**
 * Says what a failed exchange means. The library's error is kept as the cause: it tells of sockets, not of headers.
 *
 * @param sent whether writing the request had begun: before that, nothing can have been done
 */
export function toTransportError(cause: Error, call: Call, sent: boolean): AtlasError {
	const code = "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
	if (code === "UND_ERR_INVALID_ARG") {
		return new AtlasError(
			{ code: "ATLAS_BAD_REQUEST", blame: "ours", executed: "no" },
			`${subjectOf(call)}: the request can't be written as HTTP; this is a defect of the service`,
			{ cause },
		);
	}
	if (!sent) {
		return new AtlasError(
			{ code: "ATLAS_UNREACHABLE", blame: "transient", executed: "no" },
			`${subjectOf(call)}: no connection to Atlas (${code}); ${remedyOf(code)}`,
			{ cause },
		);
	}
	return new AtlasError(
		{ code: "ATLAS_NO_REPLY", blame: "transient", executed: call.method === "GET" ? "no" : "unknown" },
		`${subjectOf(call)}: the request was sent, but no whole reply came (${code})`,
		{ cause },
	);
}

function remedyOf(code: string): string {
	if (/^(ENOTFOUND|EAI_AGAIN|EAI_FAIL)$/.test(code)) return "its name can't be resolved; check ATLAS_BASE_URL and DNS";
	if (/CERT|TLS|SSL|SIGNED/.test(code)) return "its certificate is not trusted; look for a proxy in between";
	return "check ATLAS_BASE_URL; from within a VPC the way out is a NAT gateway, since Atlas offers no private one";
}
