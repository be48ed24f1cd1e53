import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { FUNCTION_ARN } from "../aws/protocol.ts";
import { listenOnLoopback } from "../loopback.ts";

/** Lambda's Runtime API for one sandbox. @see Lambda Developer Guide, "Using the Lambda runtime API" */
export interface RuntimeApi extends AsyncDisposable {
	/** `HOST:PORT`, for `AWS_LAMBDA_RUNTIME_API`. */
	readonly address: string;
	/** Resolves when the function first asks for an event; rejects with what broke its start. */
	readonly started: Promise<void>;
	/** Milliseconds of each invocation, from the event's delivery to the arrival of its result. */
	readonly invocationMs: readonly number[];
	/** Hands over an event, one at a time as to any sandbox. @returns what the handler returned; rejects with what it threw */
	invoke(event: unknown): Promise<unknown>;
}

/** Milliseconds that an invocation may take, as the stack deploys the durable function. */
const TIMEOUT_MS = 300_000;

export async function startRuntimeApi(): Promise<RuntimeApi> {
	let asked = Promise.withResolvers<ServerResponse>();
	const started = asked.promise.then(() => {});
	// It may be that nobody waits for it.
	started.catch(() => {});
	let current: (PromiseWithResolvers<unknown> & { readonly id: string }) | undefined;
	const invocationMs: number[] = [];
	const server = await listenOnLoopback(0, async (request, response) => {
		const [, , , scope, id, outcome] = (request.url ?? "").split("/");
		if (request.method === "GET" && scope === "invocation" && id === "next") return asked.resolve(response);
		const body: unknown = await json(request);
		if (scope === "init") asked.reject(toError(body));
		else if (!current || id !== current.id) return void response.writeHead(404).end();
		else if (outcome === "response") current.resolve(body);
		else current.reject(toError(body));
		response.writeHead(202).end();
	});
	return {
		address: new URL(server.url).host,
		[Symbol.asyncDispose]: () => server.close(),
		started,
		invocationMs,
		async invoke(event) {
			const response = await asked.promise;
			asked = Promise.withResolvers();
			current = { id: randomUUID(), ...Promise.withResolvers<unknown>() };
			const begun = performance.now();
			response.writeHead(200, {
				"content-type": "application/json",
				"Lambda-Runtime-Aws-Request-Id": current.id,
				"Lambda-Runtime-Deadline-Ms": Date.now() + TIMEOUT_MS,
				"Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
			});
			response.end(JSON.stringify(event));
			return await current.promise.finally(() => invocationMs.push(performance.now() - begun));
		},
	};
}

/** @param body an error as the runtime client sends it */
const toError = (body: unknown): Error =>
	new Error(String((body as { readonly errorMessage?: unknown } | null)?.errorMessage));
