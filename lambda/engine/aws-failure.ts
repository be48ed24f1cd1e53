import { LambdaServiceException } from "@aws-sdk/client-lambda";
import { ServiceError } from "../domain/errors.ts";

/**
 * Judges what the AWS SDK threw. The message names AWS's own error and nothing of its text, which holds ARNs.
 *
 * @returns ServiceError `CONFIG_INVALID` where only the operator can mend it, else `code`: worth another try
 */
export function toServiceError(code: "START_FAILED" | "READ_FAILED", error: unknown): ServiceError {
	const name = error instanceof Error ? error.name : "unknown error";
	if (isRefusal(error)) {
		const message = `durable engine: AWS refuses the call (${name}); check SNAPSHOT_FUNCTION_ARN and the function's role`;
		return new ServiceError("CONFIG_INVALID", message, { cause: error });
	}
	return new ServiceError(code, `durable engine: no answer from AWS (${name}); try again`, {
		cause: error,
		transient: true,
	});
}

/** A 4xx that is neither throttling nor a time-out says the same at every try. */
function isRefusal(error: unknown): boolean {
	if (!(error instanceof LambdaServiceException)) return false;
	const status = error.$metadata.httpStatusCode ?? 500;
	return status >= 400 && status < 500 && status !== 429 && status !== 408 && !/throttl|toomany/i.test(error.name);
}
