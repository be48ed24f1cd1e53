import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { isSignedBy, type SigningKeys } from "../gateway/sigv4.ts";
import { type LoopbackServer, listenOnLoopback, type Refusal, readRequest } from "../loopback.ts";
import { AwsError, type AwsOperation, type AwsReply, type AwsRequest, toJsonError } from "./protocol.ts";

/** What goes wrong with one call. */
export type AwsFault =
	/** The service answers with an error and does nothing. */
	| { readonly do: "fail"; readonly status: number; readonly code: string; readonly message?: string }
	/** The connection breaks: before the call is carried out, or after, so that only the reply is lost. */
	| { readonly do: "drop"; readonly when: "before" | "after" }
	| { readonly do: "delay"; readonly milliseconds: number }
	/** The connection is accepted, and no reply ever comes. */
	| { readonly do: "hang" }
	/** PutEvents only: so many of its entries, the first ones, are refused while the call itself succeeds. */
	| { readonly do: "refuse-entries"; readonly count: number; readonly code: string };

/** A call as faults are chosen by. */
interface ServiceCall {
	/** As the service names it: `GetSecretValue`, `PutEvents`, `Invoke`. */
	readonly operation: string;
	/** From 1, counted per operation; the SDK's own retries count. */
	readonly nth: number;
}

/** Asked once for each call. */
export type AwsFaults = (call: ServiceCall) => AwsFault | undefined;

/** Counts the calls of each operation and asks for their faults. */
export function countCalls(faults: AwsFaults): (operation: string) => AwsFault | undefined {
	const counts = new Map<string, number>();
	return (operation) => {
		const nth = (counts.get(operation) ?? 0) + 1;
		counts.set(operation, nth);
		return faults({ operation, nth });
	};
}

/** What the fake services are served with. */
export interface AwsServerOptions {
	/** 0 for any that is free. */
	readonly port: number;
	/** With which every request must be signed. */
	readonly keys: SigningKeys;
	/** Epoch milliseconds; absent where the process's clock is a fake one, that may jump under a request. */
	readonly now: (() => number) | undefined;
	/** Finds the operation that a request asks for, or `undefined` for one that no service knows. */
	readonly route: (request: AwsRequest) => AwsOperation | undefined;
	readonly faultOf: (operation: string) => AwsFault | undefined;
}

/** Those of the AWS JSON 1.1 protocol, and of restJson1 with and without a payload that is a blob. */
const MEDIA_TYPES = ["application/x-amz-json-1.1", "application/json", "application/octet-stream"];
const SERVICES = ["secretsmanager", "events", "lambda"];
/** Bytes; more than any of the services takes. */
const BODY_BYTES = 10 * 1024 * 1024;

/** Serves the fake services on loopback. */
export function serveAws(serving: AwsServerOptions): Promise<LoopbackServer> {
	return listenOnLoopback(serving.port, (incoming, outgoing) => answer(incoming, outgoing, serving));
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, serving: AwsServerOptions): Promise<void> {
	const request = await readRequest(incoming, MEDIA_TYPES, BODY_BYTES);
	if ("message" in request) return send(outgoing, refuse("AccessDeniedException", request));
	if (!isSignedBy(request, serving.keys, SERVICES, serving.now?.())) return send(outgoing, UNSIGNED);
	const operation = serving.route({ ...request, query: new URLSearchParams(request.query) });
	if (!operation) return send(outgoing, { status: 404, body: { message: "no fake service answers this request" } });
	const fault = serving.faultOf(operation.name);
	if (fault?.do === "delay") await delay(fault.milliseconds);
	if (fault?.do === "hang") return;
	if (fault?.do === "drop" && fault.when === "before") return void outgoing.destroy();
	const reply = await carryOut(operation, fault);
	if (fault?.do === "drop") return void outgoing.destroy();
	return send(outgoing, reply);
}

/** Read by both protocols: one looks into the body, the other at the header. */
function refuse(name: string, { status, message }: Refusal): AwsReply {
	const reply = toJsonError(new AwsError(name, status, message));
	return { ...reply, headers: { ...reply.headers, "x-amzn-errortype": name, connection: "close" } };
}

const UNSIGNED = refuse("InvalidSignatureException", {
	status: 403,
	message: "the request must be signed with the access key of this process",
});

async function carryOut(operation: AwsOperation, fault: AwsFault | undefined): Promise<AwsReply> {
	try {
		if (fault?.do === "fail") throw new AwsError(fault.code, fault.status, fault.message ?? "injected");
		return await operation.run(fault);
	} catch (error) {
		const known = error instanceof AwsError ? error : new AwsError("InternalFailure", 500, "the stand-in failed");
		return operation.toErrorReply(known);
	}
}

function send(outgoing: ServerResponse, { status, headers, body }: AwsReply): void {
	outgoing.writeHead(status, { "content-type": "application/json", ...headers });
	outgoing.end(body === undefined ? undefined : JSON.stringify(body));
}
