import type { HookKeys } from "./hook-keys.ts";
import { ProblemError } from "./problem.ts";
import { checkSize } from "./read-json.ts";
import type { HttpReply, HttpRequest } from "./request.ts";
import { isSigned } from "./standard-webhooks.ts";
import { type RunParts, readAsked, startRun } from "./take-snapshots.ts";
import type { Clock } from "./wait-for-start.ts";

/**
 * `POST /hooks/snapshots`: the same as `POST /snapshots` for callers without AWS identity. The run is named after
 * `webhook-id` alone, which the signature covers: whoever replays a hook under another key gets the same run.
 *
 * @throws ProblemError, ServiceError
 */
export async function takeHook(parts: RunParts, keys: HookKeys, request: HttpRequest): Promise<HttpReply> {
	checkSize(request);
	if (!(await isGenuine(keys, parts.clock, request))) {
		throw new ProblemError("signature-invalid", {
			detail:
				"webhook-id, webhook-timestamp and webhook-signature must be those of a recent hook signed with a current key",
			headers: { "www-authenticate": "StandardWebhooks" },
		});
	}
	return startRun(parts, request, readAsked(request), "hook:default", request.headers["webhook-id"]);
}

async function isGenuine(keys: HookKeys, clock: Clock, { headers, body }: HttpRequest): Promise<boolean> {
	const isSignedBy = async (current: Awaited<ReturnType<HookKeys["current"]>>) =>
		isSigned(headers, body, current, clock.now());
	return (await isSignedBy(await keys.current())) || (await isSignedBy(await keys.newer()));
}
