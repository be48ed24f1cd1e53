import type { IncomingMessage, ServerResponse } from "node:http";
import { type LoopbackServer, listenOnLoopback, type Rejection, readRequest } from "../loopback.ts";
import { type HttpMessage, type PlainReply, readFunctionReply, type TriggerOutcome, toGatewayEvent } from "./event.ts";

/** Bytes; API Gateway takes no longer body. */
const BODY_BYTES = 10 * 1024 * 1024;
const MEDIA_TYPES = ["application/json"];

export interface GatewayOptions {
	/** 0 for any that is free. */
	readonly port: number;
	/** Invokes the trigger function. */
	readonly invoke: (event: unknown) => Promise<TriggerOutcome>;
	/** Whether a request is authorized; absent, all are. */
	readonly authorize?: (request: HttpMessage) => boolean;
	/** Called for every reply to a request that was not rejected. */
	readonly onReply?: (method: string, path: string, status: number) => void;
}

/**
 * The HTTP API on loopback: what API Gateway does between a socket and the trigger function. Requests of web pages are
 * rejected.
 *
 * @throws Error of the socket, with `code` `EADDRINUSE` or `EACCES`
 */
export function serveGateway(gateway: GatewayOptions): Promise<LoopbackServer> {
	return listenOnLoopback(gateway.port, (incoming, outgoing) => answer(incoming, outgoing, gateway));
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, gateway: GatewayOptions): Promise<void> {
	const request = await readRequest(incoming, MEDIA_TYPES, BODY_BYTES);
	const { status, headers, body } = "message" in request ? own(request) : await replyTo(request, gateway);
	outgoing.writeHead(status, headers);
	outgoing.end(body);
	if (!("message" in request)) gateway.onReply?.(request.method, request.path, status);
}

async function replyTo(request: HttpMessage, { invoke, authorize }: GatewayOptions): Promise<PlainReply> {
	if (authorize && !authorize(request)) return own({ status: 403, message: "Forbidden" });
	const outcome = await invoke(toGatewayEvent(request));
	return "error" in outcome
		? own({ status: 500, message: "Internal Server Error" })
		: readFunctionReply(outcome.returned);
}

/** API Gateway's own replies. */
const own = ({ status, message }: Rejection | { readonly status: 500; readonly message: string }): PlainReply => ({
	status,
	headers: { "content-type": "application/json", connection: "close" },
	body: Buffer.from(JSON.stringify({ message })),
});
