import { randomUUID } from "node:crypto";
import { readSnapshotRequest, type SnapshotRequest } from "../../domain/request.ts";
import { nameRun, type RequestedBy, type Run } from "../../domain/run.ts";
import type { Runs } from "../../executions/runs.ts";
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
import { type HookKey, verifyWebhook } from "./webhook-signature.ts";

/** Milliseconds between the end of the wait and the function's timeout, for the last read and the reply. */
const REPLY_MARGIN_MS = 2500;

export interface StartRunDependencies {
	readonly runs: Runs;
	/** The stack's name: runs are named after it. */
	readonly stack: string;
	readonly clock: Clock;
}

/**
 * `POST /snapshots`: starts the run of a request and replies 202, with `Prefer: wait=N` when every target has started.
 *
 * @throws ProblemError, ServiceError
 */
export async function postSnapshots(dependencies: StartRunDependencies, request: HttpRequest): Promise<HttpReply> {
	const key = readIdempotencyKey(request.headers);
	const body = readRequestBody(request);
	return startRun(dependencies, request, { request: body, requestedBy: requireCaller(request), key });
}

/**
 * `POST /hooks/snapshots`: the same as `POST /snapshots` for callers without an AWS identity. The run is named after the
 * key's name and `webhook-id`, which the signature covers: a replayed hook is the same run.
 *
 * @param onCaller is called with the caller once the signature is verified
 * @throws ProblemError, ServiceError
 */
export async function postHook(
	dependencies: StartRunDependencies,
	keys: HookKeys,
	request: HttpRequest,
	onCaller: (caller: RequestedBy) => void,
): Promise<HttpReply> {
	checkSize(request);
	const { headers, body } = request;
	const signerAmong = (known: readonly HookKey[]) => verifyWebhook(headers, body, known, dependencies.clock.now());
	const signer = signerAmong(await keys.current()) ?? signerAmong(await keys.refresh());
	if (signer === undefined) {
		throw new ProblemError("signature-invalid", {
			detail:
				"webhook-id, webhook-timestamp and webhook-signature must be those of a recent hook signed with a current key",
			headers: { "www-authenticate": "StandardWebhooks" },
		});
	}
	const requestedBy: RequestedBy = `hook:${signer}`;
	onCaller(requestedBy);
	return startRun(dependencies, request, {
		request: readRequestBody(request),
		requestedBy,
		key: readWebhookId(headers),
	});
}

/** @throws ProblemError, InputError */
function readRequestBody(request: HttpRequest): SnapshotRequest {
	checkSize(request);
	return readSnapshotRequest(readJson(request));
}

interface RunRequest extends Pick<Run, "requestedBy" | "request"> {
	/** Names the run among this caller's; by default random. */
	readonly key: string | undefined;
}

async function startRun(
	{ runs, stack, clock }: StartRunDependencies,
	{ prefix, headers, replyBy }: HttpRequest,
	{ request, requestedBy, key = randomUUID() }: RunRequest,
): Promise<HttpReply> {
	const run = nameRun({ stack, trigger: "http", caller: requestedBy, key });
	await runs.start({ run, trigger: "http", requestedBy, request });
	const location = `${prefix}/snapshots/${run}`;
	const startedAt = clock.now();
	const wait = readPreferredWait(headers["prefer"]);
	const until = Math.min(startedAt + wait * 1000, replyBy - REPLY_MARGIN_MS);
	// Without a wait the time is up, and nothing is read.
	const read = await waitForStart(() => runs.read(run), until, clock);
	const refusal = read && toRefusal(read, location);
	if (refusal) throw refusal;
	const status: RunStatus = read ?? {
		run,
		requestedBy,
		status: "RUNNING",
		targets: pendingTargets(request),
		startedAt,
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
