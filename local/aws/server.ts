import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./faults.ts";
import { AwsError, type AwsReply, type AwsRequest, type Operation } from "./wire.ts";

/** Finds the operation that a request asks for, or `undefined` for one that no stand-in knows. */
export type Router = (request: AwsRequest) => Operation | undefined;

/**
 * Serves the stand-ins on loopback.
 *
 * @param port 0 for any that is free
 */
export async function serve(route: Router, faultOf: (operation: string) => Fault | undefined, port: number) {
	const server = createServer((incoming, outgoing) => {
		answer(incoming, outgoing, route, faultOf).catch(() => outgoing.destroy());
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

async function answer(
	incoming: IncomingMessage,
	outgoing: ServerResponse,
	route: Router,
	faultOf: (operation: string) => Fault | undefined,
): Promise<void> {
	const request = await read(incoming);
	const operation = route(request);
	if (!operation) return send(outgoing, { status: 404, body: { message: "no stand-in answers this request" } });
	const fault = faultOf(operation.name);
	if (fault?.do === "delay") await delay(fault.milliseconds);
	if (fault?.do === "drop" && fault.when === "before") return void outgoing.destroy();
	const reply = carryOut(operation, fault);
	if (fault?.do === "drop") return void outgoing.destroy();
	return send(outgoing, reply);
}

function carryOut(operation: Operation, fault: Fault | undefined): AwsReply {
	try {
		if (fault?.do === "fail") throw new AwsError(fault.code, fault.status, "injected");
		return operation.carryOut(fault);
	} catch (error) {
		const known = error instanceof AwsError ? error : new AwsError("InternalFailure", 500, "the stand-in failed");
		return operation.toErrorReply(known);
	}
}

async function read(incoming: IncomingMessage): Promise<AwsRequest> {
	const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://localhost");
	return {
		method: incoming.method ?? "GET",
		path: pathname,
		query: searchParams,
		headers: incoming.headers,
		body: await buffer(incoming),
	};
}

function send(outgoing: ServerResponse, { status, headers, body }: AwsReply): void {
	outgoing.writeHead(status, { "content-type": "application/json", ...headers });
	outgoing.end(body === undefined ? undefined : JSON.stringify(body));
}
