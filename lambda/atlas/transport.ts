import type { Dispatcher } from "undici";
import Pool from "undici/lib/dispatcher/pool.js";
import { toTransportError } from "./transport-error.ts";
import type { Call, Reply, Send } from "./wire.ts";

/** Milliseconds. */
export interface Timeouts {
	readonly connect: number;
	/** From the request's end to the reply's head. */
	readonly headers: number;
	/** For the whole body, and between any two parts of it. */
	readonly body: number;
}

export const TIMEOUTS: Timeouts = { connect: 5_000, headers: 20_000, body: 20_000 };

/** Sockets at once: as many as two full executions have targets, so that no target waits for another one's reply. */
const CONNECTIONS = 50;
/** Milliseconds that an idle socket is kept, so that the polls of a process share it. Atlas's own hint goes first. */
const KEEP_ALIVE = 60_000;
/** Bytes; a page of 500 snapshots takes less than one megabyte. */
const LONGEST_BODY = 16 * 2 ** 20;

export interface Transport {
	readonly send: Send;
	/** Closes the sockets once they are idle. */
	readonly close: () => Promise<void>;
}

/**
 * The innermost Send: HTTP/1.1 over one pool of kept-alive sockets. It looks at no status.
 *
 * Nothing is sent twice here. HTTP/2 stays off: there a library may move requests to another connection by itself.
 *
 * @param baseUrl origin of Atlas
 * @param now epoch milliseconds
 */
export function createTransport(baseUrl: string, timeouts: Timeouts, now: () => number): Transport {
	const pool = new Pool(baseUrl, {
		allowH2: false,
		connect: { timeout: timeouts.connect },
		connections: CONNECTIONS,
		headersTimeout: timeouts.headers,
		bodyTimeout: timeouts.body,
		keepAliveTimeout: KEEP_ALIVE,
		maxResponseSize: LONGEST_BODY,
		pipelining: 1,
	});
	return {
		send: (call) => exchange(pool, call, timeouts.body, now),
		close: () => pool.close(),
	};
}

/** One request, one reply. `onRequestStart` comes when a socket is there and the request is about to be written. */
function exchange(pool: Dispatcher, call: Call, bodyMs: number, now: () => number): Promise<Reply> {
	return new Promise((resolve, reject) => {
		let sent = false;
		let head: Omit<Reply, "body"> | undefined;
		let headAt = 0;
		const chunks: Buffer[] = [];
		pool.dispatch(
			{ method: call.method, path: call.target, headers: { ...call.headers }, body: call.body ?? null },
			{
				onRequestStart() {
					sent = true;
				},
				onResponseStart(_controller, status, fields) {
					headAt = now();
					head = { status, headers: joinFields(fields) };
				},
				onResponseData(controller, chunk) {
					chunks.push(chunk);
					// The library's limit starts anew at every chunk; a trickle must end as well.
					if (now() - headAt > bodyMs) controller.abort(new BodyTooSlow());
				},
				onResponseEnd() {
					if (head) resolve({ ...head, body: Buffer.concat(chunks).toString("utf8") });
				},
				onResponseError(_controller, error) {
					reject(toTransportError(error, call, sent));
				},
			},
		);
	});
}

class BodyTooSlow extends Error {
	readonly code = "BODY_TOO_SLOW";
}

/** Repeated fields as one, joined by a comma (RFC 9110 §5.3). */
function joinFields(fields: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
	const joined: Record<string, string> = {};
	for (const [name, value] of Object.entries(fields)) {
		if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
	}
	return joined;
}
