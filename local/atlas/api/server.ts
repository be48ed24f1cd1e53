import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { refuseForeign } from "../../loopback.ts";
import type { World } from "../state/state.ts";
import { answer } from "./answer.ts";
import { schemeOf } from "./authenticate.ts";
import { control } from "./control.ts";
import type { Nonces } from "./digest.ts";
import { disturb } from "./disturb.ts";
import { type Exchange, type Reply, readExchange } from "./exchange.ts";
import type { FaultPlan } from "./faults.ts";
import type { RequestRecord } from "./log.ts";
import type { RequestKind } from "./operation.ts";
import { kindOf, routeOf } from "./routes.ts";
import { mint, type TokenBuckets } from "./token.ts";

/** What the server serves from. */
export interface House {
	readonly world: World;
	readonly faults: FaultPlan;
	readonly log: RequestRecord[];
}

const TOKEN_PATH = "/api/oauth/token";
const MOST_BYTES = 1_000_000;

/** Atlas over HTTP; not yet listening. @param keepAliveSeconds how long an idle connection is kept */
export function serve(house: House, keepAliveSeconds: number): Server {
	const nonces: Nonces = new Map();
	const tokenBuckets: TokenBuckets = new Map();
	const server = createServer({ keepAliveTimeout: keepAliveSeconds * 1000, noDelay: true }, (request, response) => {
		const chunks: Buffer[] = [];
		let bytes = 0;
		request.on("data", (chunk: Buffer) => {
			bytes += chunk.length;
			if (bytes > MOST_BYTES) request.destroy();
			else chunks.push(chunk);
		});
		request.on("end", () => {
			const exchange = exchangeOf(request, chunks.length === 0 ? "" : Buffer.concat(chunks).toString("utf8"));
			if (exchange.path.startsWith("/_control/"))
				send(house.world, response, control(house, exchange, refuseForeign(request)));
			else void serveApi(house, nonces, tokenBuckets, exchange, response);
		});
		// A client that goes away in the middle of a request is no concern of Atlas's.
		request.on("error", () => undefined);
	});
	return server;
}

const exchangeOf = (request: IncomingMessage, body: string): Exchange =>
	readExchange(
		request.method ?? "GET",
		request.url ?? "/",
		request.headers,
		body,
		request.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "127.0.0.1",
		request.socket.remotePort ?? 0,
	);

async function serveApi(
	house: House,
	nonces: Nonces,
	tokenBuckets: TokenBuckets,
	exchange: Exchange,
	response: ServerResponse,
): Promise<void> {
	const { world, faults, log } = house;
	const isToken = exchange.path === TOKEN_PATH && exchange.method === "POST";
	const route = isToken ? undefined : routeOf(exchange.method, exchange.path);
	const operation: RequestKind = isToken ? "token" : kindOf(route);
	const scheme = schemeOf(exchange);
	const kind = scheme === "none" && operation !== "token" && operation !== "unknown" ? "challenge" : operation;
	const cluster = typeof route === "object" ? route.params["clusterName"] : undefined;
	const record: RequestRecord = {
		method: exchange.method,
		path: exchange.path,
		query: exchange.query.toString(),
		status: null,
		kind,
		operation,
		cluster: cluster ?? null,
		scheme,
		at: world.now(),
		endedAt: null,
		retryAfter: null,
		port: exchange.port,
		executed: false,
	};
	log.push(record);
	const execute = (): Reply => {
		const reply = unbroken(() =>
			isToken ? mint(world, tokenBuckets, exchange) : answer(world, nonces, route, exchange),
		);
		record.executed ||= reply.executed;
		return reply;
	};
	const actions = faults.meet(kind, cluster, exchange);
	const reply = actions.length === 0 ? execute() : await disturb(actions, response, execute);
	if (reply === undefined) return;
	const { "Retry-After": retryAfter } = reply.headers;
	Object.assign(record, {
		status: reply.status,
		endedAt: world.now(),
		retryAfter: retryAfter === undefined ? null : Number(retryAfter),
	});
	send(world, response, reply);
}

/** A defect of the simulator, or a world turned into nonsense, is told as such and does not end it. */
function unbroken(execute: () => Reply): Reply {
	try {
		return execute();
	} catch (error) {
		const headers = { "Content-Type": "text/plain" };
		return { status: 500, headers, body: `the simulator is broken: ${String(error)}`, executed: false };
	}
}

function send(world: World, response: ServerResponse, reply: Reply): void {
	if (response.destroyed) return;
	response.sendDate = false;
	const headers: Record<string, string | string[]> = {
		...reply.headers,
		Date: new Date(world.now()).toUTCString(),
		Server: "mdbws",
	};
	if (reply.status !== 204) headers["Content-Length"] = String(Buffer.byteLength(reply.body));
	response.writeHead(reply.status, headers).end(reply.body);
}
