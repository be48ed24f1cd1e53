import { randomUUID } from "node:crypto";
import type { RequestedBy } from "../../domain/run.ts";
import type { Runs } from "../../executions/runs.ts";
import type { HookKeys } from "./hook-keys.ts";
import { getIndex } from "./index-page.ts";
import { ProblemError, toProblemReply } from "./problem.ts";
import { finalizeReply, type HttpReply, type HttpRequest, type HttpRouter } from "./request.ts";
import { matchesPath, type Route } from "./routes.ts";
import { getRunStatus, isRunName } from "./run-status.ts";
import { postHook, postSnapshots } from "./start-run.ts";
import type { Clock } from "./wait-for-start.ts";

export interface RouterDependencies {
	readonly runs: Runs;
	/** The stack's name: runs are named after it. */
	readonly stack: string;
	/** Absent if no secret is configured: the hook route then replies 404. */
	readonly hookKeys?: HookKeys;
	/** Reads the OpenAPI document as text. */
	readonly openapi: () => Promise<string>;
	readonly clock: Clock;
	readonly onReply: (entry: AccessLogEntry) => void;
}

/** What is logged of a request: neither body nor signature nor credentials. */
export interface AccessLogEntry {
	/** The request's id. */
	readonly request: string;
	readonly method: string;
	/** The route's template, never the path as sent. */
	readonly route: string;
	readonly status: number;
	/** Absent if the caller is not authenticated. */
	readonly requestedBy?: RequestedBy;
	readonly run?: string;
	readonly error?: unknown;
}

/** @param onCaller is called with the caller, if it was not API Gateway that authenticated it */
type HttpHandler = (request: HttpRequest, onCaller: (caller: RequestedBy) => void) => HttpReply | Promise<HttpReply>;
type Handlers = Readonly<Partial<Record<string, HttpHandler>>>;

/** Characters of a method that are logged; registered methods are shorter. */
const MAX_METHOD_LENGTH = 20;

const NO_KEYS: HookKeys = { current: async () => [], refresh: async () => [] };

export function createRouter(dependencies: RouterDependencies): HttpRouter {
	const { onReply, hookKeys = NO_KEYS } = dependencies;
	const handlers = new Map(Object.entries(createHandlers({ ...dependencies, hookKeys })));

	async function handlerOf(path: string | undefined, method: string): Promise<HttpHandler> {
		if (path === undefined) throw new ProblemError("not-found", { detail: "the path is not one of this service's" });
		if (path === "/hooks/snapshots" && (await hookKeys.current()).length === 0) {
			const detail =
				"there is no hook until a key is configured: the webhook secret in AWS, WEBHOOK_SECRETS of npm start";
			throw new ProblemError("not-found", { detail });
		}
		const methods = handlers.get(path) ?? {};
		const name = method === "HEAD" ? "GET" : method;
		const handler = Object.hasOwn(methods, name) ? methods[name] : undefined;
		if (handler) return handler;
		const allow = Object.keys(methods).join(", ").replace("GET", "GET, HEAD");
		throw new ProblemError("method-not-allowed", { detail: `the method must be ${allow}`, headers: { allow } });
	}

	return async (request) => {
		const { id = "", method, path } = request;
		const requestId = /^[\w=.-]{1,128}$/.test(id) ? id : randomUUID();
		const route = [...handlers.keys()].find((template) => matchesPath(template, path));
		let requestedBy = request.caller;
		let result: HttpReply;
		let error: unknown;
		try {
			const handle = await handlerOf(route, method);
			result = await handle(request, (caller) => {
				requestedBy = caller;
			});
		} catch (thrown) {
			error = thrown;
			result = toProblemReply(thrown, requestId);
		}
		const reply = finalizeReply(method, result);
		onReply({
			request: requestId,
			method: method.slice(0, MAX_METHOD_LENGTH),
			route: route ?? "none",
			requestedBy,
			status: reply.status,
			run: runIn(request, reply),
			error,
		});
		return reply;
	};
}

function createHandlers(
	dependencies: RouterDependencies & { readonly hookKeys: HookKeys },
): Readonly<Record<Route["path"] | "/", Handlers>> {
	const { runs, hookKeys, openapi, clock } = dependencies;
	return {
		"/": { GET: getIndex },
		"/snapshots": { POST: (request) => postSnapshots(dependencies, request) },
		"/snapshots/{run}": { GET: (request) => getRunStatus(runs, clock.now, request) },
		"/openapi.json": {
			GET: async () => ({
				status: 200,
				headers: { "content-type": "application/json", "cache-control": "max-age=300" },
				body: await openapi(),
			}),
		},
		"/hooks/snapshots": { POST: (request, onCaller) => postHook(dependencies, hookKeys, request, onCaller) },
	};
}

/** The run that the reply or the path names. */
function runIn({ path }: HttpRequest, { headers }: HttpReply): string | undefined {
	const run = (headers["location"] ?? path).split("/").at(-1) ?? "";
	return isRunName(run) ? run : undefined;
}
