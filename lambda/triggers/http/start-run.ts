import { randomUUID } from "node:crypto";
import { readSnapshotRequest, type SnapshotRequest } from "../../domain/request.ts";
import { nameRun, type RequestedBy, type Run } from "../../domain/run.ts";
import type { Runs } from "../../executions/executions.ts";
import { pendingTargets, type RunStatus } from "../../executions/status.ts";
import type { HookKeys } from "./hook-keys.ts";
import { ProblemError } from "./problem.ts";
import {
	checkSize,
	type HttpReply,
	type HttpRequest,
	readIdempotencyKey,
	readJson,
	readPreferredWait,
	readWebhookId,
	requireCaller,
} from "./request.ts";
import { retryAfterOf, toStatusBody } from "./run-status.ts";
import { type Clock, toRefusal, waitForStart } from "./wait-for-start.ts";
import { type HookKey, verifySignature } from "./webhook.ts";

/** Milliseconds kept back from the function's time for sending the reply, and a last look. */
const REPLY_MARGIN_MS = 2500;

/**
 * `POST /snapshots`: reads the request, starts its run, and answers 202; with `Prefer: wait=N` when every target started.
 *
 * @throws ProblemError, ServiceError
 */
export const postSnapshots = (parts: StartRunDependencies) => async (request: HttpRequest) => {
	const key = readIdempotencyKey(request.headers);
	const asked = readRequestBody(request);
	return startRun(parts, request, asked, requireCaller(request), key);
};

/** What starting a run needs. */
export interface StartRunDependencies {
	readonly engine: Runs;
	/** The stack's name: runs are named after it. */
	readonly stack: string;
	readonly clock: Clock;
}

/**
 * `POST /hooks/snapshots`: the same as `POST /snapshots` for callers without AWS identity. The run is named after
 * the key's name and `webhook-id`, which the signature covers: whoever replays a hook gets the same run.
 *
 * @param identify is told whose key it is signed with
 * @throws ProblemError, ServiceError
 */
export async function takeHook(
	parts: StartRunDependencies,
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
	return startRun(parts, request, readRequestBody(request), requestedBy, readWebhookId(request.headers));
}

async function findSigner(keys: HookKeys, clock: Clock, { headers, body }: HttpRequest): Promise<string | undefined> {
	const among = (current: readonly HookKey[]) => verifySignature(headers, body, current, clock.now());
	return among(await keys.current()) ?? among(await keys.newer());
}

/** @throws ProblemError, InputError */
function readRequestBody(request: HttpRequest): SnapshotRequest {
	checkSize(request);
	return readSnapshotRequest(readJson(request));
}

/**
 * @param requestedBy whose key it is
 * @param key names the run among this caller's; without one the call is a run of its own
 */
async function startRun(
	{ engine, stack, clock }: StartRunDependencies,
	request: HttpRequest,
	asked: SnapshotRequest,
	requestedBy: RequestedBy,
	key: string = randomUUID(),
): Promise<HttpReply> {
	const name = nameRun({ stack, trigger: "http", caller: requestedBy, key });
	const run: Run = { run: name, trigger: "http", requestedBy, request: asked };
	await engine.start(run);
	return accepted(engine, clock, request, run);
}

async function accepted(engine: Runs, clock: Clock, request: HttpRequest, run: Run): Promise<HttpReply> {
	const location = `${request.prefix}/snapshots/${run.run}`;
	const begun = clock.now();
	const wait = readPreferredWait(request.headers["prefer"]);
	const until = Math.min(begun + wait * 1000, request.replyBy - REPLY_MARGIN_MS);
	const seen = wait > 0 ? await waitForStart(() => engine.read(run.run), until, clock) : undefined;
	const refusal = seen && toRefusal(seen, location);
	if (refusal) throw refusal;
	const status: RunStatus = seen ?? {
		run: run.run,
		requestedBy: run.requestedBy,
		status: "RUNNING",
		targets: pendingTargets(run.request),
		startedAt: begun,
	};
	return {
		status: 202,
		headers: {
			"content-type": "application/json",
			location,
			"retry-after": retryAfterOf(status, clock.now()),
			...(wait > 0 && { "preference-applied": `wait=${wait}` }),
		},
		body: JSON.stringify(toStatusBody(status)),
	};
}
