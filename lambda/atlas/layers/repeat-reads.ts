import type { Layer } from "../request.ts";
import { SocketFailure } from "../transport-error.ts";

/** Error codes of Node and undici for a socket that the server closed. */
const CLOSED: ReadonlySet<unknown> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "ECONNABORTED", "EPIPE"]);

/**
 * Repeats a GET once if the server closed its socket, which it may have done while the function was frozen. A POST is never
 * repeated, since Atlas may have read it (RFC 9110 §9.2.2).
 *
 * This layer is outside authentication: a repeated digest response would be refused as a replay.
 */
export const retryReads: Layer = (next) => async (call) => {
	try {
		return await next(call);
	} catch (error) {
		if (call.method === "GET" && wasClosedUnder(error)) return await next(call);
		throw error;
	}
};

const wasClosedUnder = (error: unknown): boolean =>
	error instanceof Error &&
	error.name === "ATLAS_NO_REPLY" &&
	error.cause instanceof SocketFailure &&
	CLOSED.has(error.cause.code);
