import type { IncomingHttpHeaders } from "node:http";

/** A request as read off the socket. */
export interface ApiRequest {
	readonly method: string;
	/** The request target, byte for byte: a digest signs it. */
	readonly target: string;
	readonly path: string;
	readonly query: URLSearchParams;
	readonly headers: IncomingHttpHeaders;
	readonly body: string;
	/** The address it came from. */
	readonly address: string;
	readonly port: number;
}

/** A reply before it is sent. */
export interface ApiReply {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | string[]>>;
	readonly body: string;
	/** Whether the operation was carried out. */
	readonly executed: boolean;
}

/** Divides a request target at its first question mark. */
export function readApiRequest(
	method: string,
	target: string,
	headers: IncomingHttpHeaders,
	body: string,
	address: string,
	port = 0,
): ApiRequest {
	const mark = target.indexOf("?");
	const path = mark === -1 ? target : target.slice(0, mark);
	return {
		method,
		target,
		path,
		query: new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1)),
		headers,
		body,
		address,
		port,
	};
}
