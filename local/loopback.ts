import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { HttpMessage } from "./gateway/event.ts";

/** A server that only this machine reaches. */
export interface LoopbackServer {
	/** `http://127.0.0.1:PORT` */
	readonly url: string;
	close(): Promise<void>;
}

/** Why a request is answered without being looked into. */
export interface Rejection {
	readonly status: 400 | 403 | 413 | 415;
	readonly message: string;
}

/**
 * Serves HTTP on 127.0.0.1. A connection breaks where `answer` rejects.
 *
 * @param port 0 for any that is free
 * @throws Error of the socket, with `code` `EADDRINUSE` or `EACCES`
 */
export async function listenOnLoopback(
	port: number,
	answer: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>,
): Promise<LoopbackServer> {
	const server = createServer((incoming, outgoing) => {
		answer(incoming, outgoing).catch(() => outgoing.destroy());
	});
	server.listen(port, "127.0.0.1");
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

/**
 * Reads a request, unless it may come from a web page: a browser on this machine reaches loopback on behalf of every
 * page that it shows. A page whose name was pointed at this machine (DNS rebinding) sends its own `Host`, a page of
 * another origin its `Origin`, and a form no JSON.
 *
 * @param mediaTypes that a POST may have; none that a form can send
 * @param longest bytes of a body
 * @see Fetch Standard, "CORS-safelisted request-header"; RFC 9110 §7.2, §15.5.16
 */
export async function readRequest(
	incoming: IncomingMessage,
	mediaTypes: readonly string[],
	longest: number,
): Promise<Required<HttpMessage> | Rejection> {
	const { method = "GET", url = "", socket } = incoming;
	const headers = headersOf(incoming);
	if (!url.startsWith("/")) return { status: 400, message: "the request target must be a path" };
	const foreign = rejectForeign(incoming);
	if (foreign) return foreign;
	if (method === "POST" && !mediaTypes.includes(mediaTypeOf(headers["content-type"]))) {
		return { status: 415, message: `Content-Type must be ${mediaTypes.join(" or ")}` };
	}
	const body = await readBody(incoming, longest);
	if (!body) return { status: 413, message: "Request Entity Too Large" };
	const [path = "", query = ""] = splitOnce(url, "?");
	return { method, path, query, headers, body, address: socket.remoteAddress ?? "127.0.0.1" };
}

/** Refuses what a page of another name or origin sends. */
export function rejectForeign(incoming: IncomingMessage): Rejection | undefined {
	const { localPort } = incoming.socket;
	const own = [`127.0.0.1:${localPort}`, `localhost:${localPort}`];
	const { host = "", origin } = headersOf(incoming);
	if (!own.includes(host.toLowerCase())) return { status: 403, message: `Host must be ${own.join(" or ")}` };
	if (origin === undefined || origin === `http://${host.toLowerCase()}`) return undefined;
	return { status: 403, message: "Origin must be absent, or this server's own" };
}

/** Repeated fields are joined by a comma. */
function headersOf({ headersDistinct }: IncomingMessage): Record<string, string> {
	return Object.fromEntries(Object.entries(headersDistinct).map(([name, values = []]) => [name, values.join(",")]));
}

/** Without its parameters. */
const mediaTypeOf = (type = ""): string => (splitOnce(type, ";")[0] ?? "").trim().toLowerCase();

const splitOnce = (text: string, mark: string): readonly string[] => {
	const at = text.indexOf(mark);
	return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
};

async function readBody(incoming: IncomingMessage, longest: number): Promise<Buffer | undefined> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of incoming) {
		bytes += chunk.length;
		if (bytes > longest) return undefined;
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}
