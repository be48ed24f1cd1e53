import type { IncomingMessage, ServerResponse } from "node:http";
import { type LoopbackServer, listenOnLoopback, type Refusal, readRequest } from "../loopback.ts";
import { type PlainRequest, toPayload } from "./payload.ts";
import { type Fed, type PlainReply, readReply } from "./reply.ts";

/** Bytes; API Gateway takes no longer body. */
const BODY_BYTES = 10 * 1024 * 1024;
const MEDIA_TYPES = ["application/json"];

export interface Gateway {
	/** 0 for any that is free. */
	readonly port: number;
	/** Hands an event to the function. */
	readonly feed: (event: unknown) => Promise<Fed>;
	/** Whether the function may see the request; without it, it sees every one. */
	readonly authorize?: (request: PlainRequest) => boolean;
	/** Hears of every request that was answered. */
	readonly hear?: (method: string, path: string, status: number) => void;
}

/**
 * The HTTP face on loopback: what API Gateway does between a socket and the trigger function, for callers that are no
 * web page.
 *
 * @throws Error of the socket, with `code` `EADDRINUSE` or `EACCES`
 */
export function serveGateway(gateway: Gateway): Promise<LoopbackServer> {
	return listenOnLoopback(gateway.port, (incoming, outgoing) => answer(incoming, outgoing, gateway));
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, gateway: Gateway): Promise<void> {
	const request = await readRequest(incoming, MEDIA_TYPES, BODY_BYTES);
	const { status, headers, body } = "message" in request ? own(request) : await replyTo(request, gateway);
	outgoing.writeHead(status, headers);
	outgoing.end(body);
	if (!("message" in request)) gateway.hear?.(request.method, request.path, status);
}

async function replyTo(request: PlainRequest, { feed, authorize }: Gateway): Promise<PlainReply> {
	if (authorize && !authorize(request)) return own({ status: 403, message: "Forbidden" });
	const fed = await feed(toPayload(request));
	return "error" in fed ? own({ status: 500, message: "Internal Server Error" }) : readReply(fed.returned);
}

/** API Gateway's own answers, which no function gives. */
const own = ({ status, message }: Refusal | { readonly status: 500; readonly message: string }): PlainReply => ({
	status,
	headers: { "content-type": "application/json", connection: "close" },
	body: Buffer.from(JSON.stringify({ message })),
});
