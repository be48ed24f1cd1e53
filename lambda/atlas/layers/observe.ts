import type { AtlasErrorCode } from "../../domain/error-table.ts";
import { AtlasError } from "../../domain/errors.ts";
import { readErrorBody } from "../replies/error-body.ts";
import type { Layer } from "../request.ts";

/** One request and what came of it, for logs and metrics. Headers and bodies are not in it. */
export interface ObservedRequest {
	readonly method: "GET" | "POST";
	/** Without the query. */
	readonly path: string;
	readonly projectId?: string;
	readonly milliseconds: number;
	readonly status?: number;
	/** Atlas's `errorCode`. */
	readonly errorCode?: string;
	/** Where no whole reply came. */
	readonly failure?: AtlasErrorCode;
	/** Tokens left in the bucket that the request drew on. */
	readonly rateLimitRemaining?: number;
}

/**
 * Tells of every request that leaves, challenges and tokens included.
 *
 * @param now epoch milliseconds
 */
export const observeRequests =
	(onReply: (exchange: ObservedRequest) => void, now: () => number): Layer =>
	(next) =>
	async (call) => {
		const { method, projectId } = call;
		const [path = ""] = call.target.split("?");
		const startedAt = now();
		const told = () => ({
			method,
			path,
			...(projectId === undefined ? {} : { projectId }),
			milliseconds: now() - startedAt,
		});
		try {
			const reply = await next(call);
			const { status, headers } = reply;
			const errorCode = status >= 400 ? readErrorBody(reply)?.errorCode : undefined;
			const remaining = headers["ratelimit-remaining"];
			onReply({
				...told(),
				status,
				...(errorCode === undefined ? {} : { errorCode }),
				...(remaining !== undefined && /^\d+$/.test(remaining) ? { rateLimitRemaining: Number(remaining) } : {}),
			});
			return reply;
		} catch (error) {
			if (error instanceof AtlasError) onReply({ ...told(), failure: error.fault.code });
			throw error;
		}
	};
