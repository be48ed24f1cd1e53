import { readErrorBody } from "../error-body.ts";
import { BY_ERROR_CODE } from "../verdicts.ts";
import type { Reply } from "../wire.ts";

/**
 * Whether a 401 is about the key, its challenge or its token, rather than about what the key may do: Atlas says 401 to
 * a missing role and to a foreign project as well, and no other key, nonce or token would cure those.
 */
export function isKeyRefused(reply: Reply): boolean {
	if (reply.status !== 401) return false;
	return !BY_ERROR_CODE.has(readErrorBody(reply)?.errorCode ?? "");
}
