import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { refuseForeign } from "../../loopback.ts";
import type { AtlasState } from "../state/state.ts";
import { applyFaults } from "./apply-faults.ts";
import { type Nonces, type Scheme, schemeOf } from "./authenticate.ts";
import { handleControlRequest } from "./control.ts";
import type { FaultPlan } from "./faults.ts";
import { handleApiRequest, kindOf, routeOf } from "./handle-request.ts";
import type { RequestKind } from "./operation.ts";
import { type ApiReply, type ApiRequest, readApiRequest } from "./request.ts";
import { handleTokenRequest, type TokenBuckets } from "./token.ts";

/** A request that came in, other than those to `/_control`. */
export interface RequestRecord {
	readonly method: string;
	readonly path: string;
	/** Without the question mark. */
	readonly query: string;
	/** As sent; null while it is under way and where the connection was dropped or the reply was cut. */
	status: number | null;
	/** As faults see it: `challenge` is any request of an operation without credentials. */
	readonly kind: RequestKind;
	/** What was wanted, with or without credentials. */
	readonly operation: RequestKind;
	readonly cluster: string | null;
	readonly scheme: Scheme;
	/** Epoch milliseconds of the state's clock. */
	readonly at: number;
	/** Epoch milliseconds at which the reply was sent; null while there is none. */
	endedAt: number | null;
	/** Seconds that the reply asks to wait. */
	retryAfter: number | null;
	/** What the reply says is left of the bucket; null where it does not. */
	remaining: number | null;
	/** The client's port: it tells sockets apart. */
	readonly port: number;
	/** Whether the operation was carried out, whatever the client got to see. */
	executed: boolean;
}

/** What the server serves from. */
export interface ServerContext {
	readonly state: AtlasState;
	readonly faults: FaultPlan;
	readonly log: RequestRecord[];
}

const TOKEN_PATH = "/api/oauth/token";
const MOST_BYTES = 1_000_000;

/** Atlas over HTTP; not yet listening. @param keepAliveSeconds how long an idle connection is kept */
export function createAtlasServer(context: ServerContext, keepAliveSeconds: number): Server {
	const nonces: Nonces = new Map();
	const tokenBuckets: TokenBuckets = new Map();
	const server = createServer({ keepAliveTimeout: keepAliveSeconds * 1000, noDelay: true }, (incoming, response) => {
		const chunks: Buffer[] = [];
		let bytes = 0;
		incoming.on("data", (chunk: Buffer) => {
			bytes += chunk.length;
			if (bytes > MOST_BYTES) incoming.destroy();
			else chunks.push(chunk);
		});
		incoming.on("end", () => {
			const request = apiRequestOf(incoming, chunks.length === 0 ? "" : Buffer.concat(chunks).toString("utf8"));
			if (request.path.startsWith("/_control/"))
				send(context.state, response, handleControlRequest(context, request, refuseForeign(incoming)));
			else void serveApi(context, nonces, tokenBuckets, request, response);
		});
		// A client that goes away in the middle of a request is no concern of Atlas's.
		incoming.on("error", () => undefined);
	});
	return server;
}

const apiRequestOf = (request: IncomingMessage, body: string): ApiRequest =>
	readApiRequest(
		request.method ?? "GET",
		request.url ?? "/",
		request.headers,
		body,
		request.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "127.0.0.1",
		request.socket.remotePort ?? 0,
	);

async function serveApi(
	context: ServerContext,
	nonces: Nonces,
	tokenBuckets: TokenBuckets,
	request: ApiRequest,
	response: ServerResponse,
): Promise<void> {
	const { state, faults, log } = context;
	const isToken = request.path === TOKEN_PATH && request.method === "POST";
	const route = isToken ? undefined : routeOf(request.method, request.path);
	const operation: RequestKind = isToken ? "token" : kindOf(route);
	const scheme = schemeOf(request);
	const kind = scheme === "none" && operation !== "token" && operation !== "unknown" ? "challenge" : operation;
	const cluster = typeof route === "object" ? route.params["clusterName"] : undefined;
	const record: RequestRecord = {
		method: request.method,
		path: request.path,
		query: request.query.toString(),
		status: null,
		kind,
		operation,
		cluster: cluster ?? null,
		scheme,
		at: state.now(),
		endedAt: null,
		retryAfter: null,
		remaining: null,
		port: request.port,
		executed: false,
	};
	log.push(record);
	const execute = (): ApiReply => {
		const reply = unbroken(() =>
			isToken ? handleTokenRequest(state, tokenBuckets, request) : handleApiRequest(state, nonces, route, request),
		);
		record.executed ||= reply.executed;
		return reply;
	};
	const actions = faults.actionsFor(kind, cluster, request);
	const reply = actions.length === 0 ? execute() : await applyFaults(actions, response, execute);
	if (reply === undefined) return;
	const { "Retry-After": retryAfter, "RateLimit-Remaining": remaining } = reply.headers;
	Object.assign(record, {
		status: reply.status,
		endedAt: state.now(),
		retryAfter: retryAfter === undefined ? null : Number(retryAfter),
		remaining: remaining === undefined ? null : Number(remaining),
	});
	send(state, response, reply);
}

/** A defect of the simulator, or a state turned into nonsense, is told as such and does not end it. */
function unbroken(execute: () => ApiReply): ApiReply {
	try {
		return execute();
	} catch (error) {
		const headers = { "Content-Type": "text/plain" };
		return { status: 500, headers, body: `the simulator is broken: ${String(error)}`, executed: false };
	}
}

function send(state: AtlasState, response: ServerResponse, reply: ApiReply): void {
	if (response.destroyed) return;
	response.sendDate = false;
	const headers: Record<string, string | string[]> = {
		...reply.headers,
		Date: new Date(state.now()).toUTCString(),
		Server: "mdbws",
	};
	if (reply.status !== 204) headers["Content-Length"] = String(Buffer.byteLength(reply.body));
	response.writeHead(reply.status, headers).end(reply.body);
}
