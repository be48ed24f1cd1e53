import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type PlainRequest, toPayload } from "./payload.ts";
import { type Fed, type PlainReply, readReply } from "./reply.ts";

/** Bytes; API Gateway takes no longer body. */
const BODY_BYTES = 10 * 1024 * 1024;

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
 * The HTTP face on loopback: what API Gateway does between a socket and the trigger function.
 *
 * @throws Error of the socket, with `code` `EADDRINUSE` or `EACCES`
 */
export async function serveGateway(gateway: Gateway): Promise<{ readonly url: string; close(): Promise<void> }> {
	const server = createServer((incoming, outgoing) => {
		answer(incoming, outgoing, gateway).catch(() => outgoing.destroy());
	});
	server.listen(gateway.port, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	if (address === null || typeof address === "string") throw new Error("the server has no port");
	return {
		url: `http://127.0.0.1:${address.port}`,
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, gateway: Gateway): Promise<void> {
	const request = await read(incoming);
	const { status, headers, body } = await replyTo(request, gateway);
	outgoing.statusCode = status;
	for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
	outgoing.end(body);
	if (request !== "too large") gateway.hear?.(request.method, request.path, status);
}

async function replyTo(request: PlainRequest | "too large", { feed, authorize }: Gateway): Promise<PlainReply> {
	if (request === "too large") return own(413, "Request Entity Too Large");
	if (authorize && !authorize(request)) return own(403, "Forbidden");
	const fed = await feed(toPayload(request));
	return "error" in fed ? own(500, "Internal Server Error") : readReply(fed.returned);
}

/** API Gateway's own answers, which no function gives. */
const own = (status: number, message: string): PlainReply => ({
	status,
	headers: { "content-type": "application/json", connection: "close" },
	body: Buffer.from(JSON.stringify({ message })),
});

async function read(incoming: IncomingMessage): Promise<PlainRequest | "too large"> {
	const [path = "/", query = ""] = split(incoming.url ?? "/");
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of incoming) {
		bytes += chunk.length;
		if (bytes > BODY_BYTES) return "too large";
		chunks.push(chunk);
	}
	return {
		method: incoming.method ?? "GET",
		path,
		query,
		headers: headersOf(incoming),
		body: Buffer.concat(chunks),
		address: incoming.socket.remoteAddress ?? "127.0.0.1",
	};
}

const split = (url: string): readonly string[] => {
	const mark = url.indexOf("?");
	return mark < 0 ? [url] : [url.slice(0, mark), url.slice(mark + 1)];
};

/** Repeated fields are joined by a comma. */
function headersOf({ headersDistinct }: IncomingMessage): Record<string, string> {
	return Object.fromEntries(Object.entries(headersDistinct).map(([name, values = []]) => [name, values.join(",")]));
}
