import type { Layer } from "../request.ts";
import { SocketFailure } from "../transport-error.ts";

/** Node's and undici's words for a socket that was closed by the other side. */
const CLOSED: ReadonlySet<unknown> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "ECONNABORTED", "EPIPE"]);

/**
 * Sends a GET once more if its socket was closed under it: the server may have closed it while the function was frozen.
 * A POST it lets be, since nobody knows whether Atlas has read it (RFC 9110 §9.2.2).
 *
 * Lies outside authentication: a digest's answer counts once, and the same again would be taken for a replay.
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
