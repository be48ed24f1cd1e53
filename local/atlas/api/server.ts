import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { rejectForeign } from "../../loopback.ts";
import type { AtlasState } from "../state/state.ts";
import { applyFaults } from "./apply-faults.ts";
import { authSchemeOf, type Nonces, type Scheme } from "./authenticate.ts";
import { handleControlRequest } from "./control.ts";
import type { FaultPlan } from "./faults.ts";
import { handleApiRequest, kindOf, routeOf } from "./handle-request.ts";
import type { RequestKind } from "./operation.ts";
import { type ApiReply, type ApiRequest, readApiRequest } from "./request.ts";
import { handleTokenRequest, type TokenBuckets } from "./token.ts";

/** A request, other than those to `/_control`. */
export interface RequestRecord {
	readonly method: string;
	readonly path: string;
	/** Without the question mark. */
	readonly query: string;
	/** As sent; null until then, and where the connection was dropped or the reply was cut. */
	status: number | null;
	/** As faults match it: `challenge` is any request of an operation without credentials. */
	readonly kind: RequestKind;
	/** The operation, with or without credentials. */
	readonly operation: RequestKind;
	readonly cluster: string | null;
	readonly scheme: Scheme;
	/** Epoch milliseconds by the state's clock. */
	readonly at: number;
	/** Epoch milliseconds at which the reply was sent; null until then. */
	endedAt: number | null;
	/** Seconds of the reply's `Retry-After`. */
	retryAfter: number | null;
	/** The client's port: it identifies the socket. */
	readonly port: number;
	/** Whether the operation was executed, whatever the client received. */
	executed: boolean;
}

export interface ServerContext {
	readonly state: AtlasState;
	readonly faults: FaultPlan;
	readonly log: RequestRecord[];
}

const TOKEN_PATH = "/api/oauth/token";
const BODY_BYTES = 1_000_000;

/** The API over HTTP; not yet listening. @param keepAliveSeconds how long an idle connection is kept */
export function createAtlasServer(context: ServerContext, keepAliveSeconds: number): Server {
	const nonces: Nonces = new Map();
	const tokenBuckets: TokenBuckets = new Map();
	return createServer({ keepAliveTimeout: keepAliveSeconds * 1000, noDelay: true }, (incoming, response) => {
		const chunks: Buffer[] = [];
		let bytes = 0;
		incoming.on("data", (chunk: Buffer) => {
			bytes += chunk.length;
			if (bytes > BODY_BYTES) incoming.destroy();
			else chunks.push(chunk);
		});
		incoming.on("end", () => {
			const request = toApiRequest(incoming, Buffer.concat(chunks).toString("utf8"));
			if (request.path.startsWith("/_control/"))
				send(context.state, response, handleControlRequest(context, request, rejectForeign(incoming)));
			else void serveApi(context, nonces, tokenBuckets, request, response);
		});
		// A client may close the connection in the middle of a request.
		incoming.on("error", () => undefined);
	});
}

const toApiRequest = ({ method = "GET", url = "/", headers, socket }: IncomingMessage, body: string): ApiRequest =>
	readApiRequest({
		method,
		target: url,
		headers,
		body,
		address: socket.remoteAddress?.replace(/^::ffff:/, "") ?? "127.0.0.1",
		port: socket.remotePort ?? 0,
	});

async function serveApi(
	{ state, faults, log }: ServerContext,
	nonces: Nonces,
	tokenBuckets: TokenBuckets,
	request: ApiRequest,
	response: ServerResponse,
): Promise<void> {
	const isToken = request.path === TOKEN_PATH && request.method === "POST";
	const route = isToken ? undefined : routeOf(request.method, request.path);
	const operation: RequestKind = isToken ? "token" : kindOf(route);
	const scheme = authSchemeOf(request);
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
		port: request.port,
		executed: false,
	};
	log.push(record);
	const execute = (): ApiReply => {
		const reply = catchDefects(() =>
			isToken ? handleTokenRequest(state, tokenBuckets, request) : handleApiRequest(state, nonces, route, request),
		);
		record.executed ||= reply.executed;
		return reply;
	};
	const actions = faults.actionsFor(kind, cluster, request);
	const reply = actions.length === 0 ? execute() : await applyFaults(actions, response, execute);
	if (reply === undefined) return;
	const numberOf = (value: string | string[] | undefined) => (value === undefined ? null : Number(value));
	record.status = reply.status;
	record.endedAt = state.now();
	record.retryAfter = numberOf(reply.headers["Retry-After"]);
	send(state, response, reply);
}

/** A defect of the simulator, or a state that makes no sense, is reported in the reply and does not end the process. */
function catchDefects(execute: () => ApiReply): ApiReply {
	try {
		return execute();
	} catch (error) {
		const headers = { "Content-Type": "text/plain" };
		return { status: 500, headers, body: `the simulator is broken: ${String(error)}`, executed: false };
	}
}

function send(state: AtlasState, response: ServerResponse, { status, headers, body }: ApiReply): void {
	if (response.destroyed) return;
	response.sendDate = false;
	const date = new Date(state.now()).toUTCString();
	const length = status === 204 ? {} : { "Content-Length": Buffer.byteLength(body) };
	response.writeHead(status, { ...headers, ...length, Date: date, Server: "mdbws" }).end(body);
}
