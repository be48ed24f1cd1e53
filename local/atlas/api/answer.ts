import type { Project } from "../state/model.ts";
import { OBJECT_ID } from "../state/object-id.ts";
import { drawFrom, mayDo, type World } from "../state/state.ts";
import { checkAddress, turnedAway } from "./authenticate.ts";
import type { Nonces } from "./digest.ts";
import type { Exchange, Reply } from "./exchange.ts";
import { dateOf, resolveVersion, type Version } from "./media-type.ts";
import type { Answer, Operation } from "./operation.ts";
import { flag } from "./paging.ts";
import { Refused } from "./refused.ts";
import { API, type Route, type routeOf } from "./routes.ts";

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
export function answer(world: World, nonces: Nonces, route: ReturnType<typeof routeOf>, exchange: Exchange): Reply {
	const away = turnedAway(world, nonces, exchange);
	if (away !== undefined) return away;
	const gathered: Gathered = { ...APPLICATION_HEADERS };
	try {
		checkAddress(world, exchange);
		if (route === undefined) throw new Refused("RESOURCE_NOT_FOUND", [exchange.path]);
		if (route === "elsewhere") throw new Refused("METHOD_NOT_ALLOWED");
		return carryOut(world, route, exchange, gathered);
	} catch (error) {
		if (!(error instanceof Refused)) throw error;
		return refusal(world, exchange, error, gathered);
	}
}

function carryOut(world: World, { operation, params }: Route, exchange: Exchange, gathered: Gathered): Reply {
	const version = resolveVersion(world, operation.versions, exchange.headers.accept);
	noteVersion(operation, version, gathered);
	const project = params["groupId"] === undefined ? undefined : projectOf(world, params["groupId"]);
	drawToken(world, operation, project, gathered);
	if (project !== undefined && operation.role !== undefined && !mayDo(world, project, operation.role))
		throw new Refused("USER_UNAUTHORIZED");
	if (operation.method === "POST" || operation.method === "PATCH") checkContentType(exchange);
	if (operation.method !== "GET" && world.settings.upgrading)
		throw new Refused("WRITES_NOT_ALLOWED_DURING_APP_UPGRADES");
	// Flags are read before anything is done, so that a malformed one leaves nothing behind.
	flag(exchange, "envelope", false);
	flag(exchange, "pretty", false);
	const body = operation.run({
		world,
		exchange,
		params,
		base: `http://${exchange.headers.host ?? "localhost"}`,
		version: version.date,
		get project() {
			if (project === undefined) throw new Refused("RESOURCE_NOT_FOUND", [exchange.path]);
			return project;
		},
	});
	gathered["Content-Type"] = `application/vnd.atlas.${version.date}+json;charset=utf-8`;
	const status = body === undefined ? 204 : 200;
	return { status, headers: gathered, body: write(world, exchange, status, body), executed: true };
}

function noteVersion({ javaMethod }: Operation, version: Version, gathered: Gathered): void {
	if (javaMethod !== undefined) gathered["X-Java-Method"] = javaMethod;
	if (version.deprecated === undefined) return;
	gathered["Deprecation"] = version.deprecated.since;
	gathered["Sunset"] = version.deprecated.sunset;
}

/** @throws Refused 404 where there is none, 401 where it is another organisation's */
function projectOf(world: World, id: string): Project {
	if (!OBJECT_ID.test(id)) throw new Refused("INVALID_GROUP_ID", [id]);
	const project = world.projects.get(id);
	if (project === undefined) throw new Refused("GROUP_NOT_FOUND", [id]);
	if (project.orgId !== world.orgId) throw new Refused("NOT_IN_GROUP", [id]);
	return project;
}

/** @throws Refused 429, with the wait in `Retry-After` and in `parameters[1]` */
function drawToken(world: World, operation: Operation, project: Project | undefined, gathered: Gathered): void {
	if (operation.bucket === undefined) return;
	const { capacity, refillRate, refillSeconds } = world.settings.buckets[operation.bucket];
	gathered["X-Mongodb-Service-Version"] = "gitHash=203ac0360368239eed8f27b82e06b1be8429648c; versionString=master";
	const drawn = drawFrom(world, (project ?? world).buckets, operation.bucket);
	if (world.settings.rateLimitHeaders) {
		gathered["RateLimit-Limit"] = String(capacity);
		gathered["RateLimit-Remaining"] = String(drawn.remaining);
	}
	if (drawn.granted) return;
	if (world.settings.rateLimitHeaders) gathered["Retry-After"] = String(drawn.waitSeconds);
	const template = `${API}${operation.path}`.slice(1).replaceAll(/:(\w+)/g, "{$1}");
	throw new Refused("RATE_LIMITED_TOKEN_BUCKET", [template, drawn.waitSeconds, capacity, refillRate, refillSeconds]);
}

/** @throws Refused 415 */
function checkContentType({ headers }: Exchange): void {
	if (dateOf(headers["content-type"]) === undefined) throw new Refused("UNSUPPORTED_MEDIA_TYPE");
}

function refusal(world: World, exchange: Exchange, refused: Refused, gathered: Gathered): Reply {
	return {
		status: refused.status,
		headers: {
			...gathered,
			...refused.headers,
			"Content-Type": "application/json",
			Vary: "Accept-Encoding",
			"X-Error-Code": refused.errorCode,
		},
		body: write(world, exchange, refused.status, refused.toBody()),
		executed: false,
	};
}

/** JSON, wrapped where `envelope` and spread out where `pretty` ask for it. A list is its own envelope. */
function write(world: World, { query }: Exchange, status: number, body: Answer): string {
	if (body === undefined) return "";
	let whole: object = body;
	if (query.get("envelope") === "true")
		whole = "results" in body ? { ...body, status } : { status, [world.settings.envelopeKey]: body };
	return JSON.stringify(whole, undefined, query.get("pretty") === "true" ? 2 : undefined);
}
