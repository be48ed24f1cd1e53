import type { RequestedBy } from "../domain/run.ts";
import type { HookKeys } from "./hook-keys.ts";
import { ProblemError } from "./problem.ts";
import { checkSize } from "./read-json.ts";
import type { HttpReply, HttpRequest } from "./request.ts";
import { type HookKey, readSigner } from "./standard-webhooks.ts";
import { type RunParts, readAsked, startRun } from "./take-snapshots.ts";
import type { Clock } from "./wait-for-start.ts";

/**
 * `POST /hooks/snapshots`: the same as `POST /snapshots` for callers without AWS identity. The run is named after
 * the key's name and `webhook-id`, which the signature covers: whoever replays a hook gets the same run.
 *
 * @param identify is told whose key it is signed with
 * @throws ProblemError, ServiceError
 */
export async function takeHook(
	parts: RunParts,
	keys: HookKeys,
	request: HttpRequest,
	identify: (caller: RequestedBy) => void,
): Promise<HttpReply> {
	checkSize(request);
	const signer = await findSigner(keys, parts.clock, request);
	if (signer === undefined) {
		throw new ProblemError("signature-invalid", {
			detail:
				"webhook-id, webhook-timestamp and webhook-signature must be those of a recent hook signed with a current key",
			headers: { "www-authenticate": "StandardWebhooks" },
		});
	}
	const requestedBy: RequestedBy = `hook:${signer}`;
	identify(requestedBy);
	return startRun(parts, request, readAsked(request), requestedBy, request.headers["webhook-id"]);
}

async function findSigner(keys: HookKeys, clock: Clock, { headers, body }: HttpRequest): Promise<string | undefined> {
	const among = (current: readonly HookKey[]) => readSigner(headers, body, current, clock.now());
	return among(await keys.current()) ?? among(await keys.newer());
}
