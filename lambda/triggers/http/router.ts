import { randomUUID } from "node:crypto";
import type { RequestedBy } from "../../domain/run.ts";
import type { Runs } from "../../executions/executions.ts";
import type { HookKeys } from "./hook-keys.ts";
import { showIndex } from "./index-page.ts";
import { ProblemError, toProblem, toProblemReply } from "./problem.ts";
import { completed, type HttpReply, type HttpRequest, type HttpRouter } from "./request.ts";
import { getRunStatus, isRunName } from "./run-status.ts";
import { postSnapshots, takeHook } from "./start-run.ts";
import type { Clock } from "./wait-for-start.ts";

export interface RouterDependencies {
	readonly engine: Runs;
	/** The stack's name: runs are named after it. */
	readonly stack: string;
	/** Absent where no secret is configured: then the hook route says so. */
	readonly hookKeys?: HookKeys;
	/** Brings the OpenAPI document as text. */
	readonly openapi: () => Promise<string>;
	readonly clock: Clock;
	/** Hears of every request once it is answered; bodies, signatures and credentials are not told. */
	readonly hear: (answered: AnsweredRequest) => void;
}

export interface AnsweredRequest {
	readonly request: string;
	readonly method: string;
	/** The route's template, never the path as sent. */
	readonly route: string;
	readonly status: number;
	/** Who called, where that is known. */
	readonly requestedBy?: RequestedBy;
	readonly run?: string;
	readonly error?: unknown;
}

/** @param identify is told who called, where it is not API Gateway that knows */
type Answer = (request: HttpRequest, identify: (caller: RequestedBy) => void) => HttpReply | Promise<HttpReply>;

interface Route {
	readonly template: string;
	readonly pattern: RegExp;
	readonly methods: Readonly<Partial<Record<string, Answer>>>;
	/** Whether the route exists now. */
	readonly exists?: () => Promise<boolean>;
}

/** Characters of a method that the log takes: those of every registered one, and more than any route knows. */
const METHOD_LENGTH = 20;

const NO_KEYS: HookKeys = { current: async () => [], newer: async () => [] };

/** Builds the HTTP face: a function that answers every request, by a problem where need be, and never throws. */
export function createRouter(parts: RouterDependencies): HttpRouter {
	const routes = createRoutes(parts);

	return async (request) => {
		const id = /^[\w=.-]{1,128}$/.test(request.id ?? "") ? (request.id ?? "") : randomUUID();
		const route = routes.find(({ pattern }) => pattern.test(request.path));
		const told = {
			request: id,
			method: request.method.slice(0, METHOD_LENGTH),
			route: route?.template ?? "none",
		};
		let requestedBy = request.caller;
		const identify = (caller: RequestedBy) => {
			requestedBy = caller;
		};
		try {
			const reply = completed(request.method, await (await choose(route, request))(request, identify));
			parts.hear({ ...told, requestedBy, status: reply.status, ...runOf(request, reply) });
			return reply;
		} catch (error) {
			const { kind, details } = toProblem(error);
			const reply = completed(request.method, toProblemReply(kind, details, id));
			parts.hear({ ...told, requestedBy, status: reply.status, ...runOf(request, reply), error });
			return reply;
		}
	};
}

function createRoutes(parts: RouterDependencies): readonly Route[] {
	const { engine, hookKeys = NO_KEYS, openapi, clock } = parts;
	return [
		{ template: "/", pattern: /^\/$/, methods: { GET: showIndex } },
		{ template: "/snapshots", pattern: /^\/snapshots$/, methods: { POST: postSnapshots(parts) } },
		{
			template: "/snapshots/{run}",
			pattern: /^\/snapshots\/[^/]+$/,
			methods: { GET: (request) => getRunStatus(engine, clock.now, request) },
		},
		{
			template: "/openapi.json",
			pattern: /^\/openapi\.json$/,
			methods: {
				GET: async () => ({
					status: 200,
					headers: { "content-type": "application/json", "cache-control": "max-age=300" },
					body: await openapi(),
				}),
			},
		},
		{
			template: "/hooks/snapshots",
			pattern: /^\/hooks\/snapshots$/,
			methods: { POST: (request, identify) => takeHook(parts, hookKeys, request, identify) },
			exists: async () => (await hookKeys.current()).length > 0,
		},
	];
}

async function choose(route: Route | undefined, { method }: HttpRequest): Promise<Answer> {
	if (route === undefined) throw new ProblemError("not-found", { detail: "the path is not one of this service's" });
	if (route.exists && !(await route.exists())) {
		const detail =
			"there is no hook until a key is configured: the webhook secret in AWS, WEBHOOK_SECRETS of npm start";
		throw new ProblemError("not-found", { detail });
	}
	// What answers GET answers HEAD (RFC 9110 §9.1).
	const asked = method === "HEAD" ? "GET" : method;
	const answer = Object.hasOwn(route.methods, asked) ? route.methods[asked] : undefined;
	if (answer) return answer;
	const allow = Object.keys(route.methods).join(", ").replace("GET", "GET, HEAD");
	throw new ProblemError("method-not-allowed", { detail: `the method must be ${allow}`, headers: { allow } });
}

/** The run that a request asks for, or that its reply names. */
function runOf({ path }: HttpRequest, { headers }: HttpReply): { run?: string } {
	const run = (headers["location"] ?? path).split("/").at(-1) ?? "";
	return isRunName(run) ? { run } : {};
}
