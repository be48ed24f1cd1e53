import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface RawServer extends AsyncDisposable {
	readonly url: string;
	/** The received request lines of all connections. */
	readonly lines: readonly string[];
	readonly connections: () => number;
}

/** Replies to the n-th request, counted from 1 over all connections. */
export type Reply = (socket: Socket, nth: number) => void;

export const ok = (body = '{"results":[]}'): string =>
	`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** A TCP server that counts the requests that the client has written. */
export async function startRawServer(reply: Reply): Promise<RawServer> {
	const lines: string[] = [];
	const sockets = new Set<Socket>();
	let connections = 0;
	const server = createServer((socket) => {
		connections += 1;
		sockets.add(socket);
		socket.on("error", () => sockets.delete(socket));
		let text = "";
		socket.on("data", (chunk) => {
			text += chunk.toString("latin1");
			for (let end = lengthOf(text); end > 0; end = lengthOf(text)) {
				lines.push(text.slice(0, text.indexOf("\r\n")));
				text = text.slice(end);
				reply(socket, lines.length);
			}
		});
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		lines,
		connections: () => connections,
		async [Symbol.asyncDispose]() {
			for (const socket of sockets) socket.destroy();
			server.close();
			await once(server, "close");
		},
	};
}

/** Bytes of the first whole request, or 0. */
function lengthOf(text: string): number {
	const head = text.indexOf("\r\n\r\n");
	if (head < 0) return 0;
	const body = Number(/^content-length: *(\d+)/im.exec(text.slice(0, head))?.[1] ?? 0);
	return text.length >= head + 4 + body ? head + 4 + body : 0;
}
