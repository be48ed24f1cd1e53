import type { AtlasErrorCode } from "../../domain/error-table.ts";
import { AtlasError } from "../../domain/errors.ts";
import { readErrorBody } from "../replies/error-body.ts";
import type { Layer } from "../request.ts";

/** One request and its result, for logs and metrics, without headers and bodies. */
export interface ObservedRequest {
	readonly method: "GET" | "POST";
	/** Without the query. */
	readonly path: string;
	readonly projectId?: string;
	readonly milliseconds: number;
	readonly status?: number;
	/** Atlas's `errorCode`. */
	readonly errorCode?: string;
	/** Set if no complete reply arrived. */
	readonly failure?: AtlasErrorCode;
	/** Requests left in the rate limit bucket, by the reply's `RateLimit-Remaining`. */
	readonly rateLimitRemaining?: number;
}

/**
 * Reports every request that is sent, including those for challenges and tokens.
 *
 * @param now epoch milliseconds
 */
export const observeRequests =
	(onReply: (observed: ObservedRequest) => void, now: () => number): Layer =>
	(next) =>
	async (request) => {
		const { method, projectId } = request;
		const [path = ""] = request.target.split("?");
		const startedAt = now();
		const report = (result: Partial<ObservedRequest>) =>
			onReply({ method, path, projectId, milliseconds: now() - startedAt, ...result });
		try {
			const reply = await next(request);
			const { status, headers } = reply;
			const remaining = headers["ratelimit-remaining"] ?? "";
			report({
				status,
				errorCode: status >= 400 ? readErrorBody(reply)?.errorCode : undefined,
				rateLimitRemaining: /^\d+$/.test(remaining) ? Number(remaining) : undefined,
			});
			return reply;
		} catch (error) {
			if (error instanceof AtlasError) report({ failure: error.fault.code });
			throw error;
		}
	};
