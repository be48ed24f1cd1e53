import openapi from "../../docs/openapi.json" with { type: "json" };
import { readCallerLimits } from "../../lambda/domain/limits.ts";
import type { SnapshotRequest } from "../../lambda/domain/request.ts";
import { nameRun, type Run } from "../../lambda/domain/run.ts";
import { type Runs, withRequestLimits } from "../../lambda/executions/runs.ts";
import type { RunStatus } from "../../lambda/executions/status.ts";
import { handleTrigger } from "../../lambda/triggers/handle-trigger.ts";
import { createHookKeys } from "../../lambda/triggers/http/hook-keys.ts";
import type { HttpReply, HttpRequest } from "../../lambda/triggers/http/request.ts";
import { type AccessLogEntry, createRouter } from "../../lambda/triggers/http/router.ts";
import { signWebhook } from "../../lambda/triggers/http/webhook-signature.ts";
import { expectDocumented } from "./http-contract.ts";

/** Epoch milliseconds at which the tests take place. */
export const NOW = Date.parse("2026-10-24T02:00:00Z");
export const PROJECT = "32b6e34b3d91647abb20e7b8";
const STACK = "atlas-snapshots";
export const USER = "arn:aws:iam::123456789012:user/ci";
export const CALLER = `iam:${USER}` as const;
export const REQUEST = { projectId: PROJECT, clusters: ["prod-a"] } as const;

/** The run of a caller's idempotency key. */
export const runOf = (key: string, caller: string = CALLER) => nameRun({ stack: STACK, trigger: "http", caller, key });

export interface TestRouterOptions {
	/** The status of a run, at each read. */
	readonly read?: (run: string, reads: number) => RunStatus | undefined;
	readonly start?: (run: Run) => void;
	/** The webhook secret's text, at each read; without it there is no hook route. */
	readonly secret?: () => string | undefined;
	/** As `REQUEST_LIMITS` holds them; without it there are none. */
	readonly limits?: object;
	readonly defaultRequest?: SnapshotRequest;
}

type TestRequest = Partial<Omit<HttpRequest, "body">> & { readonly body?: unknown };

/** The trigger function without AWS, on a clock that only pauses move. Every reply is checked against the OpenAPI document. */
export function createTestRouter(options: TestRouterOptions = {}) {
	const started: Run[] = [];
	const logged: AccessLogEntry[] = [];
	const warnings: string[] = [];
	const time = { now: NOW };
	const reads = { count: 0 };
	const secretReads = { count: 0 };
	const { secret, limits, defaultRequest } = options;
	const unlimited: Runs = {
		async start(run) {
			options.start?.(run);
			started.push(run);
		},
		async read(run) {
			reads.count++;
			const status = options.read?.(run, reads.count);
			return status && { requestedBy: CALLER, ...status };
		},
	};
	const read = readCallerLimits(limits ?? {});
	if (read.faults) throw new Error(JSON.stringify(read.faults));
	const runs = limits ? withRequestLimits(unlimited, read.limits) : unlimited;
	const now = () => time.now;
	const readSecret = async () => {
		secretReads.count++;
		return secret?.();
	};
	const router = createRouter({
		runs,
		stack: STACK,
		hookKeys: secret && createHookKeys(readSecret, now, (warning) => warnings.push(warning)),
		openapi: async () => JSON.stringify(openapi),
		clock: {
			now,
			async pause(milliseconds) {
				time.now += milliseconds;
			},
		},
		onReply: (entry) => logged.push(entry),
	});

	async function send({ body = "", ...request }: TestRequest): Promise<HttpReply> {
		const complete: HttpRequest = {
			method: "POST",
			path: "/snapshots",
			prefix: "",
			headers: { "content-type": "application/json" },
			id: undefined,
			caller: CALLER,
			replyBy: time.now + 30_000,
			...request,
			body: body instanceof Uint8Array ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
		};
		const reply = await router(complete);
		expectDocumented(complete.method, complete.path, reply);
		return reply;
	}

	/** Invokes the trigger function with an event. */
	const invoke = (event: unknown) =>
		handleTrigger({ router, runs, stack: STACK, defaultRequest, onEvent: () => {} }, event, { replyBy: NOW + 30_000 });

	return { send, invoke, started, logged, time, reads, secretReads, warnings };
}

/** A request as an HTTP API hands it over (payload 2.0); a caller is authenticated where it is given. */
export function gatewayEvent(method: string, path: string, body?: unknown, headers: object = {}, userArn?: string) {
	return {
		version: "2.0",
		routeKey: "$default",
		rawPath: path,
		headers: {
			"content-type": "application/json",
			authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE",
			...headers,
		},
		requestContext: {
			stage: "$default",
			requestId: "r-1",
			http: { method },
			authorizer: userArn === undefined ? undefined : { iam: { userArn } },
		},
		body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
	};
}

export const keyText = (key: Buffer) => `whsec_${key.toString("base64")}`;

/** The headers of a signed hook. */
export function signedHeaders(key: Uint8Array, id: string, body: string | Uint8Array, at = NOW) {
	const timestamp = String(Math.floor(at / 1000));
	const signature = signWebhook(key, id, timestamp, Buffer.from(body)).toString("base64");
	return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}

/** The status of a target as a run's result holds it. */
export function targetStatus(
	state: "STARTED" | "COMPLETED" | "REFUSED",
	clusterName = "prod-a",
	code = "CLUSTER_NOT_FOUND",
) {
	const ended = state !== "STARTED";
	const refused = state === "REFUSED";
	return {
		projectId: PROJECT,
		clusterName,
		state,
		provenance: refused ? null : ("created" as const),
		snapshotId: refused ? null : "6919a4f3b7c1d2e3f4a5b6c7",
		requestedAt: "2026-10-24T02:00:00.000Z",
		expectedEndAt: null,
		endedAt: ended ? "2026-10-24T02:02:42.000Z" : null,
		durationSeconds: ended ? 162 : null,
		reason: refused ? { code, message: "Atlas would not" } : null,
	};
}

export const bodyOf = (reply: HttpReply | undefined) => JSON.parse(reply?.body ?? "null");
