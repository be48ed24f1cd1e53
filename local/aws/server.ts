import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { isSignedBy, type SigningKeys } from "../gateway/sigv4.ts";
import { type LoopbackServer, listenOnLoopback, type Rejection, readRequest } from "../loopback.ts";
import { AwsError, type AwsReply, type AwsRequest, type ServiceOperation, toErrorReply } from "./protocol.ts";

/** A fault of one call. */
export type AwsFault =
	/** The service answers with an error and does nothing. */
	| { readonly do: "fail"; readonly status: number; readonly code: string; readonly message?: string }
	/** The connection breaks: before the call is executed, or after, so that only the reply is lost. */
	| { readonly do: "drop"; readonly when: "before" | "after" }
	| { readonly do: "delay"; readonly milliseconds: number }
	/** The connection stays open without a reply. */
	| { readonly do: "hang" }
	/** PutEvents only: so many of its entries, the first ones, are refused while the call itself succeeds. */
	| { readonly do: "refuse-entries"; readonly count: number; readonly code: string };

/**
 * The fault of a call, if any; read once for each.
 *
 * @param call `operation` as the service names it; `nth` from 1, counted per operation, the SDK's own retries included
 */
export type AwsFaults = (call: { readonly operation: string; readonly nth: number }) => AwsFault | undefined;

export interface AwsServerOptions {
	/** 0 for any that is free. */
	readonly port: number;
	/** With which every request must be signed. */
	readonly keys: SigningKeys;
	/** Epoch milliseconds; absent where the process has a fake clock, which may jump during a request. */
	readonly now: (() => number) | undefined;
	/** The operation of a request; `undefined` where no service has it. */
	readonly route: (request: AwsRequest) => ServiceOperation | undefined;
	readonly faults: AwsFaults;
}

/** Those of the AWS JSON 1.1 protocol, and of restJson1 with and without a payload that is a blob. */
const MEDIA_TYPES = ["application/x-amz-json-1.1", "application/json", "application/octet-stream"];
const SERVICES = ["secretsmanager", "events", "lambda"];
/** Bytes; more than any of the services takes. */
const BODY_BYTES = 10 * 1024 * 1024;

/** Serves the fake services on loopback. */
export function serveAws({ port, keys, now, route, faults }: AwsServerOptions): Promise<LoopbackServer> {
	const counts = new Map<string, number>();
	return listenOnLoopback(port, async (incoming, outgoing) => {
		const request = await readRequest(incoming, MEDIA_TYPES, BODY_BYTES);
		if ("message" in request) return send(outgoing, refuse("AccessDeniedException", request));
		if (!isSignedBy(request, keys, SERVICES, now?.())) return send(outgoing, UNSIGNED);
		const operation = route({ ...request, query: new URLSearchParams(request.query) });
		if (!operation) return send(outgoing, { status: 404, body: { message: "no fake service answers this request" } });
		const nth = (counts.get(operation.name) ?? 0) + 1;
		counts.set(operation.name, nth);
		const fault = faults({ operation: operation.name, nth });
		if (fault?.do === "delay") await delay(fault.milliseconds);
		if (fault?.do === "hang") return;
		if (fault?.do === "drop" && fault.when === "before") return void outgoing.destroy();
		const reply = await run(operation, fault);
		if (fault?.do === "drop") return void outgoing.destroy();
		// Only the services of the JSON 1.1 protocol have this header.
		const isJson11 = request.headers["x-amz-target"] !== undefined;
		send(outgoing, isJson11 ? { ...reply, headers: { ...JSON_1_1, ...reply.headers } } : reply);
	});
}

const JSON_1_1 = { "content-type": "application/x-amz-json-1.1" };

function refuse(name: string, { status, message }: Pick<Rejection, "message"> & { readonly status: number }): AwsReply {
	const reply = toErrorReply(new AwsError(name, status, message));
	return { ...reply, headers: { ...JSON_1_1, ...reply.headers, connection: "close" } };
}

const UNSIGNED = refuse("InvalidSignatureException", {
	status: 403,
	message: "the request must be signed with the access key of this process",
});

async function run(operation: ServiceOperation, fault: AwsFault | undefined): Promise<AwsReply> {
	try {
		if (fault?.do === "fail") throw new AwsError(fault.code, fault.status, fault.message ?? "injected");
		return await operation.run(fault);
	} catch (error) {
		return toErrorReply(
			error instanceof AwsError ? error : new AwsError("InternalFailure", 500, "the fake service failed"),
		);
	}
}

function send(outgoing: ServerResponse, { status, headers, body }: AwsReply): void {
	outgoing.writeHead(status, { "content-type": "application/json", ...headers });
	outgoing.end(body === undefined ? undefined : JSON.stringify(body));
}
