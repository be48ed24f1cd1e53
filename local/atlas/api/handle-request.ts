import findMyWay from "find-my-way";
import type { Project } from "../state/model.ts";
import { OBJECT_ID } from "../state/projects.ts";
import { type AtlasState, hasRole, takeToken } from "../state/state.ts";
import { checkAddress, type Nonces, rejectUnauthenticated } from "./authenticate.ts";
import { ApiError } from "./errors.ts";
import {
	type ApiOperation,
	dateOf,
	type RequestKind,
	type ResponseBody,
	resolveVersion,
	type Version,
} from "./operation.ts";
import { projectOperations } from "./project-operations.ts";
import { type ApiReply, type ApiRequest, flag } from "./request.ts";
import { snapshotOperations } from "./snapshot-operations.ts";

/** On every reply of the application behind the front door, as recorded. */
const APPLICATION_HEADERS = {
	"Referrer-Policy": "strict-origin-when-cross-origin",
	"Strict-Transport-Security": "max-age=31536000; includeSubdomains;",
	"X-Content-Type-Options": "nosniff",
	"X-Envoy-Upstream-Service-Time": "1",
	"X-Frame-Options": "DENY",
	"X-Java-Version": "17.0.19+10-LTS",
	"X-Permitted-Cross-Domain-Policies": "none",
};

/** What is gathered on the way through the house and shown on the reply, whatever its end. */
type Gathered = Record<string, string>;

/** Answers a request of the API: who, from where, what, in which version, how often, and may they. */
export function handleApiRequest(
	state: AtlasState,
	nonces: Nonces,
	route: ReturnType<typeof routeOf>,
	request: ApiRequest,
): ApiReply {
	const away = rejectUnauthenticated(state, nonces, request);
	if (away !== undefined) return away;
	const gathered: Gathered = { ...APPLICATION_HEADERS };
	try {
		checkAddress(state, request);
		if (route === undefined) throw new ApiError("RESOURCE_NOT_FOUND", [request.path]);
		if (route === "elsewhere") throw new ApiError("METHOD_NOT_ALLOWED");
		return runOperation(state, route, request, gathered);
	} catch (error) {
		if (!(error instanceof ApiError)) throw error;
		return errorReply(state, request, error, gathered);
	}
}

function runOperation(
	state: AtlasState,
	{ operation, params }: Route,
	request: ApiRequest,
	gathered: Gathered,
): ApiReply {
	const version = resolveVersion(state, operation.versions, request.headers.accept);
	noteVersion(operation, version, gathered);
	const project = params["groupId"] === undefined ? undefined : projectOf(state, params["groupId"]);
	checkRateLimit(state, operation, project, gathered);
	if (project !== undefined && operation.role !== undefined && !hasRole(state, project, operation.role))
		throw new ApiError("USER_UNAUTHORIZED");
	if (operation.method === "POST" || operation.method === "PATCH") checkContentType(request);
	if (operation.method !== "GET" && state.settings.upgrading)
		throw new ApiError("WRITES_NOT_ALLOWED_DURING_APP_UPGRADES");
	// Flags are read before anything is done, so that a malformed one leaves nothing behind.
	flag(request, "envelope", false);
	flag(request, "pretty", false);
	const body = operation.run({
		state,
		request,
		params,
		base: `http://${request.headers.host ?? "localhost"}`,
		version: version.date,
		get project() {
			if (project === undefined) throw new ApiError("RESOURCE_NOT_FOUND", [request.path]);
			return project;
		},
	});
	gathered["Content-Type"] = `application/vnd.atlas.${version.date}+json;charset=utf-8`;
	const status = body === undefined ? 204 : 200;
	return { status, headers: gathered, body: write(state, request, status, body), executed: true };
}

function noteVersion({ javaMethod }: ApiOperation, version: Version, gathered: Gathered): void {
	if (javaMethod !== undefined) gathered["X-Java-Method"] = javaMethod;
	if (version.deprecated === undefined) return;
	gathered["Deprecation"] = version.deprecated.since;
	gathered["Sunset"] = version.deprecated.sunset;
}

/** @throws Refused 404 where there is none, 401 where it is another organisation's */
function projectOf(state: AtlasState, id: string): Project {
	if (!OBJECT_ID.test(id)) throw new ApiError("INVALID_GROUP_ID", [id]);
	const project = state.projects.get(id);
	if (project === undefined) throw new ApiError("GROUP_NOT_FOUND", [id]);
	if (project.orgId !== state.orgId) throw new ApiError("NOT_IN_GROUP", [id]);
	return project;
}

/** @throws Refused 429, with the wait in `Retry-After` and in `parameters[1]` */
function checkRateLimit(
	state: AtlasState,
	operation: ApiOperation,
	project: Project | undefined,
	gathered: Gathered,
): void {
	if (operation.bucket === undefined) return;
	const { capacity, refillRate, refillSeconds } = state.settings.buckets[operation.bucket];
	gathered["X-Mongodb-Service-Version"] = "gitHash=203ac0360368239eed8f27b82e06b1be8429648c; versionString=master";
	const drawn = takeToken(state, (project ?? state).buckets, operation.bucket);
	if (state.settings.rateLimitHeaders) {
		gathered["RateLimit-Limit"] = String(capacity);
		gathered["RateLimit-Remaining"] = String(drawn.remaining);
	}
	if (drawn.granted) return;
	if (state.settings.rateLimitHeaders) gathered["Retry-After"] = String(drawn.waitSeconds);
	const template = `${API}${operation.path}`.slice(1).replaceAll(/:(\w+)/g, "{$1}");
	throw new ApiError("RATE_LIMITED_TOKEN_BUCKET", [template, drawn.waitSeconds, capacity, refillRate, refillSeconds]);
}

/** @throws Refused 415 */
function checkContentType({ headers }: ApiRequest): void {
	if (dateOf(headers["content-type"]) === undefined) throw new ApiError("UNSUPPORTED_MEDIA_TYPE");
}

function errorReply(state: AtlasState, request: ApiRequest, refused: ApiError, gathered: Gathered): ApiReply {
	return {
		status: refused.status,
		headers: {
			...gathered,
			...refused.headers,
			"Content-Type": "application/json",
			Vary: "Accept-Encoding",
			"X-Error-Code": refused.errorCode,
		},
		body: write(state, request, refused.status, refused.toBody()),
		executed: false,
	};
}

/** JSON, wrapped where `envelope` and spread out where `pretty` ask for it. A list is its own envelope. */
function write(state: AtlasState, { query }: ApiRequest, status: number, body: ResponseBody): string {
	if (body === undefined) return "";
	let whole: object = body;
	if (query.get("envelope") === "true")
		whole = "results" in body ? { ...body, status } : { status, [state.settings.envelopeKey]: body };
	return JSON.stringify(whole, undefined, query.get("pretty") === "true" ? 2 : undefined);
}

const API = "/api/atlas/v2";

/** What a request's method and path lead to. */
export interface Route {
	readonly operation: ApiOperation;
	readonly params: Readonly<Record<string, string | undefined>>;
}

const router = findMyWay({ caseSensitive: true, maxParamLength: 1000 });
const METHODS = ["GET", "POST", "PATCH", "DELETE"] as const;

for (const operation of [...snapshotOperations, ...projectOperations])
	router.on(operation.method, `${API}${operation.path}`, () => undefined, operation);

/** The operation, `elsewhere` where only other methods lead to one, or undefined. */
export function routeOf(method: string, path: string): Route | "elsewhere" | undefined {
	const known = METHODS.find((name) => name === method);
	const found = known === undefined ? null : router.find(known, path);
	if (found !== null) return { operation: found.store, params: found.params };
	return METHODS.some((name) => router.find(name, path) !== null) ? "elsewhere" : undefined;
}

/** What the request is for, for faults and the log. */
export function kindOf(route: ReturnType<typeof routeOf>): RequestKind {
	return typeof route === "object" ? route.operation.kind : "unknown";
}
