import { InputError, ServiceError } from "../domain/errors.ts";
import { type ProblemDetails, ProblemError, type ProblemKind } from "./problem.ts";

/** Whole seconds to wait before AWS is asked again. */
const RETRY_SECONDS = "5";

/**
 * Judges what went wrong while a request was answered. What is not the caller's to mend says nothing of itself: the log
 * has it, under the same request id.
 */
export function toProblem(error: unknown): { readonly kind: ProblemKind; readonly details: ProblemDetails } {
	if (error instanceof ProblemError) return error;
	if (error instanceof InputError && error.name === "REQUEST_INVALID") {
		return { kind: "request-invalid", details: { detail: error.message, errors: error.faults } };
	}
	if (error instanceof InputError && error.name === "NOT_ALLOWED") {
		return { kind: "not-allowed", details: { detail: error.message, errors: error.faults } };
	}
	if (error instanceof ServiceError && error.name === "RUN_NAME_TAKEN") {
		return { kind: "run-name-taken", details: { detail: error.message } };
	}
	if (error instanceof ServiceError && error.transient) {
		const detail = "a service that this one needs doesn't answer; send the same request again";
		return { kind: "unavailable", details: { detail, headers: { "retry-after": RETRY_SECONDS } } };
	}
	return { kind: "internal", details: { detail: "the fault is not in the request; the service's log has it" } };
}
