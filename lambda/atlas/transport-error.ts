import { TARGET_ERRORS } from "../domain/error-table.ts";
import { AtlasError } from "../domain/errors.ts";
import { mayBeExecuted } from "./replies/classify.ts";
import type { AtlasRequest } from "./request.ts";
import { describeSubject } from "./request.ts";

/** @param sent whether the request, or a part of it, was written: otherwise Atlas cannot have carried it out */
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
			`${describeSubject(call)}: ${TARGET_ERRORS.ATLAS_UNREACHABLE.message} (${code}); ${adviceFor(code)}`,
			options,
		);
	}
	return new AtlasError(
		{ code: "ATLAS_NO_REPLY", executed: mayBeExecuted(call) },
		`${describeSubject(call)}: ${TARGET_ERRORS.ATLAS_NO_REPLY.message} (${code})`,
		options,
	);
}

/** The code of a socket error. The rest of the library's error is not kept: it may quote what the server sent. */
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

function adviceFor(code: string): string {
	if (/^(ENOTFOUND|EAI_AGAIN|EAI_FAIL)$/.test(code)) return "its name can't be resolved; check ATLAS_BASE_URL and DNS";
	if (/CERT|TLS|SSL|SIGNED/.test(code)) return "its certificate is not trusted; look for a proxy in between";
	return "check ATLAS_BASE_URL; from within a VPC the way out is a NAT gateway, since Atlas offers no private one";
}
