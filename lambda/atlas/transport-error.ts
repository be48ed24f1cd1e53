import { TARGET_ERRORS } from "../domain/error-table.ts";
import { AtlasError } from "../domain/errors.ts";
import { executedBy } from "./replies/classify.ts";
import type { AtlasRequest } from "./request.ts";
import { describeSubject } from "./request.ts";

/**
 * Says what a failed exchange means.
 *
 * @param sent whether writing the request had begun: before that, nothing can have been done
 */
export function toTransportError(cause: Error, call: AtlasRequest, sent: boolean): AtlasError {
	const code = codeOf(cause);
	const options = { cause: new SocketFailure(code) };
	if (code === "UND_ERR_INVALID_ARG") {
		return new AtlasError(
			{ code: "ATLAS_BAD_REQUEST", blame: "ours" },
			`${describeSubject(call)}: the request can't be written as HTTP; this is a defect of the service`,
			options,
		);
	}
	if (code === "CALL_OVER" && !sent) {
		return new AtlasError(
			{ code: "ATLAS_NO_REPLY" },
			`${describeSubject(call)}: the time for the call was over before the request could be sent`,
			options,
		);
	}
	if (!sent) {
		return new AtlasError(
			{ code: "ATLAS_UNREACHABLE" },
			`${describeSubject(call)}: ${TARGET_ERRORS.ATLAS_UNREACHABLE.message} (${code}); ${remedyOf(code)}`,
			options,
		);
	}
	return new AtlasError(
		{ code: "ATLAS_NO_REPLY", executed: executedBy(call) },
		`${describeSubject(call)}: ${TARGET_ERRORS.ATLAS_NO_REPLY.message} (${code})`,
		options,
	);
}

/** What is kept of the library's error: its code. The rest may quote what the other side has sent. */
export class SocketFailure extends Error {
	readonly code: string;

	constructor(code: string) {
		super(code);
		this.code = code;
	}
}

function codeOf(cause: Error): string {
	const code = "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
	return /^[A-Za-z][A-Za-z0-9_]{1,60}$/.test(code) ? code : "Error";
}

function remedyOf(code: string): string {
	if (/^(ENOTFOUND|EAI_AGAIN|EAI_FAIL)$/.test(code)) return "its name can't be resolved; check ATLAS_BASE_URL and DNS";
	if (/CERT|TLS|SSL|SIGNED/.test(code)) return "its certificate is not trusted; look for a proxy in between";
	return "check ATLAS_BASE_URL; from within a VPC the way out is a NAT gateway, since Atlas offers no private one";
}
