import { InputError, type InputFault, ServiceError } from "../../domain/errors.ts";
import type { HttpReply } from "./request.ts";

/**
 * Every problem that a reply can report, with its status. `type` is `urn:atlas-snapshots:problem:` and the key.
 *
 * @see RFC 9457
 */
export const PROBLEMS = {
	"request-invalid": { status: 400, title: "The request breaks rules" },
	"json-invalid": { status: 400, title: "The body is no JSON in UTF-8" },
	"idempotency-key-invalid": { status: 400, title: "The idempotency key is malformed" },
	"signature-invalid": { status: 401, title: "The signature can't be verified" },
	"not-allowed": { status: 403, title: "The operator's rules forbid the request" },
	"not-found": { status: 404, title: "There is no such resource" },
	"run-not-found": { status: 404, title: "There is no such run" },
	"method-not-allowed": { status: 405, title: "The resource doesn't know the method" },
	"body-too-large": { status: 413, title: "The body is larger than 20 kB" },
	"media-type-unsupported": { status: 415, title: "The body must be application/json" },
	"run-name-taken": { status: 422, title: "The idempotency key was used for another request" },
	"atlas-refused": { status: 422, title: "Atlas refused every snapshot of the request" },
	internal: { status: 500, title: "The service failed" },
	unavailable: { status: 503, title: "The service can't answer now" },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ProblemKind = keyof typeof PROBLEMS;

export const problemType = (kind: ProblemKind): string => `urn:atlas-snapshots:problem:${kind}`;

export interface ProblemDetails {
	readonly detail: string;
	/** All faults of the request. */
	readonly errors?: readonly InputFault[];
	/** Replaces the kind's own status. */
	readonly status?: number;
	/** Members of this kind only (RFC 9457 §3.2). */
	readonly extensions?: Readonly<Record<string, unknown>>;
	readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by a handler; the router replies with the problem. */
export class ProblemError extends Error {
	readonly kind: ProblemKind;
	readonly details: ProblemDetails;

	constructor(kind: ProblemKind, details: ProblemDetails) {
		super(details.detail);
		this.name = "ProblemError";
		this.kind = kind;
		this.details = details;
	}
}

/**
 * The problem reply for an error. An error that is not the caller's fault is described only in the log, under the same
 * request id.
 *
 * @param requestId the request's id in the log; it becomes `instance`
 */
export function toProblemReply(error: unknown, requestId: string): HttpReply {
	const { kind, details } = toProblem(error);
	const { detail, errors, extensions, headers } = details;
	const status = details.status ?? PROBLEMS[kind].status;
	const body = {
		type: problemType(kind),
		title: PROBLEMS[kind].title,
		status,
		detail,
		instance: `urn:atlas-snapshots:request:${requestId}`,
		errors,
		...extensions,
	};
	return { status, headers: { "content-type": "application/problem+json", ...headers }, body: JSON.stringify(body) };
}

function toProblem(error: unknown): Pick<ProblemError, "kind" | "details"> {
	if (error instanceof ProblemError) return error;
	if (error instanceof InputError && (error.name === "REQUEST_INVALID" || error.name === "NOT_ALLOWED")) {
		const kind = error.name === "NOT_ALLOWED" ? "not-allowed" : "request-invalid";
		return { kind, details: { detail: error.message, errors: error.faults } };
	}
	if (error instanceof ServiceError && error.name === "RUN_NAME_TAKEN") {
		return { kind: "run-name-taken", details: { detail: error.message } };
	}
	if (error instanceof ServiceError && error.transient) {
		const detail = "a service that this one needs doesn't answer; send the same request again";
		return { kind: "unavailable", details: { detail, headers: { "retry-after": "5" } } };
	}
	return { kind: "internal", details: { detail: "the fault is not in the request; the service's log has it" } };
}
