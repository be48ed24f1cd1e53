import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A server on this machine alone, on any port that is free. */
export interface Loopback extends AsyncDisposable {
	/** `HOST:PORT` */
	readonly address: string;
}

/** @param answer a request that it throws at is answered by 500 */
export async function serveLoopback(
	answer: (request: IncomingMessage, response: ServerResponse) => Promise<unknown>,
): Promise<Loopback> {
	const server = createServer((request, response) => {
		answer(request, response).catch(() => response.writeHead(500).end());
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	return {
		address: `127.0.0.1:${port}`,
		async [Symbol.asyncDispose]() {
			server.closeAllConnections();
			server.close();
		},
	};
}
