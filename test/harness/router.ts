import openapi from "../../docs/openapi.json" with { type: "json" };
import { nameRun, type Run } from "../../lambda/domain/run.ts";
import type { Runs } from "../../lambda/executions/executions.ts";
import type { RunStatus } from "../../lambda/executions/status.ts";
import { createHookKeys } from "../../lambda/triggers/http/hook-keys.ts";
import type { HttpReply, HttpRequest } from "../../lambda/triggers/http/request.ts";
import { type AnsweredRequest, createRouter } from "../../lambda/triggers/http/router.ts";
import { expectInContract } from "../triggers/http/contract.ts";

export const NOW = Date.parse("2026-10-24T02:00:00Z");
export const PROJECT = "32b6e34b3d91647abb20e7b8";
const STACK = "atlas-snapshots";
export const CALLER = "iam:arn:aws:iam::123456789012:user/ci";
export const REQUEST = { projectId: PROJECT, clusters: ["prod-a"] } as const;

/** The run of a caller's idempotency key. */
export const runOf = (key: string, caller: string = CALLER) => nameRun({ stack: STACK, trigger: "http", caller, key });

export interface TestRouterOptions {
	/** What the engine says of a run, asked again at every look. */
	readonly read?: (run: string, look: number) => RunStatus | undefined;
	readonly start?: (run: Run) => void;
	/** The webhook secret's text, asked at every reading; without it there is no hook route. */
	readonly secret?: () => string | undefined;
}

/** The HTTP face over an engine of the test's own and a clock that only pauses move. Every reply is judged by the document. */
export function createTestRouter(options: TestRouterOptions = {}) {
	const started: Run[] = [];
	const heard: AnsweredRequest[] = [];
	const warnings: string[] = [];
	const time = { now: NOW };
	const looks = { count: 0 };
	const secretReads = { count: 0 };
	const engine: Runs = {
		async start(run) {
			options.start?.(run);
			started.push(run);
		},
		async read(run) {
			looks.count++;
			const status = options.read?.(run, looks.count);
			return status && { requestedBy: CALLER, ...status };
		},
	};
	const { secret } = options;
	const now = () => time.now;
	const readSecret = async () => {
		secretReads.count++;
		return secret?.();
	};
	const face = createRouter({
		engine,
		stack: STACK,
		...(secret && { hookKeys: createHookKeys(readSecret, now, (warning) => warnings.push(warning)) }),
		openapi: async () => JSON.stringify(openapi),
		clock: {
			now,
			async pause(milliseconds) {
				time.now += milliseconds;
			},
		},
		hear: (answered) => heard.push(answered),
	});

	async function send(request: Partial<Omit<HttpRequest, "body">> & { readonly body?: unknown }): Promise<HttpReply> {
		const { body = "", ...rest } = request;
		const whole: HttpRequest = {
			method: "POST",
			path: "/snapshots",
			prefix: "",
			headers: { "content-type": "application/json" },
			id: undefined,
			caller: CALLER,
			replyBy: time.now + 30_000,
			...rest,
			body: body instanceof Uint8Array ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
		};
		const reply = await face(whole);
		expectInContract(whole.method, whole.path, reply);
		return reply;
	}

	return { send, started, heard, time, looks, secretReads, warnings };
}

/** A target as a run's result tells it. */
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
