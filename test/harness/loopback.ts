import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export interface LoopbackServer extends AsyncDisposable {
	/** Origin, with a free port of loopback. */
	readonly url: string;
}

/** An HTTP server of its own for a test. */
export async function startServer(listener: RequestListener): Promise<LoopbackServer> {
	const server = createServer(listener).listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		async [Symbol.asyncDispose]() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
