import findMyWay from "find-my-way";
import type { Project } from "../state/model.ts";
import { OBJECT_ID } from "../state/projects.ts";
import { fullBucket, takeToken } from "../state/rate-limit.ts";
import { type AtlasState, hasRole } from "../state/state.ts";
import { checkAddress, type Nonces, rejectUnauthenticated } from "./authenticate.ts";
import { ApiError } from "./errors.ts";
import { type ApiOperation, dateOf, type RequestKind, resolveVersion } from "./operation.ts";
import { projectOperations } from "./project-operations.ts";
import { type ApiReply, type ApiRequest, readFlag } from "./request.ts";
import { snapshotOperations } from "./snapshot-operations.ts";

const API = "/api/atlas/v2";

interface Route {
	readonly operation: ApiOperation;
	readonly params: Readonly<Record<string, string | undefined>>;
}

const router = findMyWay({ caseSensitive: true, maxParamLength: 1000 });
const METHODS = ["GET", "POST"] as const;

for (const operation of [...snapshotOperations, ...projectOperations])
	router.on(operation.method, `${API}${operation.path}`, () => undefined, operation);

/** The operation, `otherMethod` where only another method has one, or undefined. */
export function routeOf(method: string, path: string): Route | "otherMethod" | undefined {
	const known = METHODS.find((name) => name === method);
	const found = known && router.find(known, path);
	if (found) return { operation: found.store, params: found.params };
	return METHODS.some((name) => router.find(name, path)) ? "otherMethod" : undefined;
}

/** What the request is for, for faults and the log. */
export const kindOf = (route: ReturnType<typeof routeOf>): RequestKind =>
	typeof route === "object" ? route.operation.kind : "unknown";

/** On every reply to an authenticated request, as recorded. */
const COMMON_HEADERS = {
	"Referrer-Policy": "strict-origin-when-cross-origin",
	"Strict-Transport-Security": "max-age=31536000; includeSubdomains;",
	"X-Content-Type-Options": "nosniff",
	"X-Envoy-Upstream-Service-Time": "1",
	"X-Frame-Options": "DENY",
	"X-Java-Version": "17.0.19+10-LTS",
	"X-Permitted-Cross-Domain-Policies": "none",
};

/** Answers a request of the API. Checks in Atlas's order: keys, address, path, version, rate, role. */
export function handleApiRequest(
	state: AtlasState,
	nonces: Nonces,
	route: ReturnType<typeof routeOf>,
	request: ApiRequest,
): ApiReply {
	const rejection = rejectUnauthenticated(state, nonces, request);
	if (rejection !== undefined) return rejection;
	// Set on the way, so that an error reply has those that were known by then.
	const headers: Record<string, string> = { ...COMMON_HEADERS };
	try {
		checkAddress(state, request);
		if (route === undefined) throw new ApiError("RESOURCE_NOT_FOUND", [request.path]);
		if (route === "otherMethod") throw new ApiError("METHOD_NOT_ALLOWED");
		const body = runOperation(state, route, request, headers);
		return { status: 200, headers, body: writeBody(state, request, 200, body), executed: true };
	} catch (error) {
		if (!(error instanceof ApiError)) throw error;
		return {
			status: error.status,
			headers: {
				...headers,
				"Content-Type": "application/json",
				Vary: "Accept-Encoding",
				"X-Error-Code": error.errorCode,
			},
			body: writeBody(state, request, error.status, error.toBody()),
			executed: false,
		};
	}
}

function runOperation(
	state: AtlasState,
	{ operation, params }: Route,
	request: ApiRequest,
	headers: Record<string, string>,
): object {
	const version = resolveVersion(state, operation.versions, request.headers.accept);
	if (operation.javaMethod !== undefined) headers["X-Java-Method"] = operation.javaMethod;
	if (version.deprecated !== undefined) {
		headers["Deprecation"] = version.deprecated.since;
		headers["Sunset"] = version.deprecated.sunset;
	}
	const project = params["groupId"] === undefined ? undefined : findProject(state, params["groupId"]);
	checkRateLimit(state, operation, project, headers);
	if (project !== undefined && operation.role !== undefined && !hasRole(state, project, operation.role))
		throw new ApiError("USER_UNAUTHORIZED");
	if (operation.method === "POST") {
		if (dateOf(request.headers["content-type"]) === undefined) throw new ApiError("UNSUPPORTED_MEDIA_TYPE");
		if (state.settings.upgrading) throw new ApiError("WRITES_NOT_ALLOWED_DURING_APP_UPGRADES");
	}
	// Checked before the operation runs, so that a malformed flag changes nothing.
	for (const name of ["envelope", "pretty"]) readFlag(request, name, false);
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
	headers["Content-Type"] = `application/vnd.atlas.${version.date}+json;charset=utf-8`;
	return body;
}

/** @throws ApiError 404 where there is none, 401 where it is another organisation's */
function findProject(state: AtlasState, id: string): Project {
	if (!OBJECT_ID.test(id)) throw new ApiError("INVALID_GROUP_ID", [id]);
	const project = state.projects.get(id);
	if (project === undefined) throw new ApiError("GROUP_NOT_FOUND", [id]);
	if (project.orgId !== state.orgId) throw new ApiError("NOT_IN_GROUP", [id]);
	return project;
}

/** @throws ApiError 429, with the wait in `Retry-After` and in `parameters[1]` */
function checkRateLimit(
	state: AtlasState,
	{ bucket, path }: ApiOperation,
	project: Project | undefined,
	headers: Record<string, string>,
): void {
	const limit = state.settings.buckets[bucket];
	const now = state.now();
	const buckets = (project ?? state).buckets;
	buckets[bucket] ??= fullBucket(limit, now);
	const { granted, remaining, waitSeconds } = takeToken(buckets[bucket], limit, now);
	headers["X-Mongodb-Service-Version"] = "gitHash=203ac0360368239eed8f27b82e06b1be8429648c; versionString=master";
	if (state.settings.rateLimitHeaders) {
		headers["RateLimit-Limit"] = String(limit.capacity);
		headers["RateLimit-Remaining"] = String(remaining);
		if (!granted) headers["Retry-After"] = String(waitSeconds);
	}
	if (granted) return;
	const template = `${API}${path}`.slice(1).replaceAll(/:(\w+)/g, "{$1}");
	const { capacity, refillRate, refillSeconds } = limit;
	throw new ApiError("RATE_LIMITED_TOKEN_BUCKET", [template, waitSeconds, capacity, refillRate, refillSeconds]);
}

/** JSON, wrapped for `envelope=true` and indented for `pretty=true`. A list is its own envelope. */
function writeBody({ settings }: AtlasState, { query }: ApiRequest, status: number, body: object): string {
	const isWrapped = query.get("envelope") === "true";
	const whole = !isWrapped ? body : "results" in body ? { ...body, status } : { status, [settings.envelopeKey]: body };
	return JSON.stringify(whole, undefined, query.get("pretty") === "true" ? 2 : undefined);
}
