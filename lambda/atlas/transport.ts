import type { Dispatcher } from "undici";
import Pool from "undici/lib/dispatcher/pool.js";
import { type AtlasReply, type AtlasRequest, CALL_TIMEOUT_MS, type Send } from "./request.ts";
import { toTransportError } from "./transport-error.ts";

/** Milliseconds. */
export interface Timeouts {
	readonly connect: number;
	/** From the end of the request to the head of the reply. */
	readonly headers: number;
	/** Between any two parts of the body. */
	readonly body: number;
}

export const TIMEOUTS: Timeouts = { connect: 5_000, headers: 20_000, body: 20_000 };

/** Concurrent sockets: two full executions have 50 targets, and none waits for the reply to another. */
const MAX_CONNECTIONS = 50;
/** Milliseconds for which an idle socket is kept, unless Atlas's `Keep-Alive` field says otherwise. */
const KEEP_ALIVE_MS = 60_000;
/** Bytes; a page of 500 snapshots is smaller than one megabyte. */
const MAX_BODY_BYTES = 8 * 2 ** 20;

export interface Transport {
	readonly send: Send;
	/** Closes the sockets once they are idle. */
	readonly close: () => Promise<void>;
}

/**
 * The innermost Send: HTTP/1.1 over one pool of sockets. It never sends a request twice. HTTP/2 is off, because there the
 * library may move a request to another connection.
 *
 * @param baseUrl origin of Atlas
 * @param now epoch milliseconds
 */
export function createTransport(baseUrl: string, timeouts: Timeouts, now: () => number): Transport {
	const pool = new Pool(baseUrl, {
		allowH2: false,
		// Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect.
		connect: { timeout: timeouts.connect, rejectUnauthorized: true },
		connections: MAX_CONNECTIONS,
		headersTimeout: timeouts.headers,
		bodyTimeout: timeouts.body,
		keepAliveTimeout: KEEP_ALIVE_MS,
		maxResponseSize: MAX_BODY_BYTES,
		pipelining: 1,
	});
	return {
		send: (call) => exchange(pool, call, now),
		close: () => pool.close(),
	};
}

/**
 * Sends one request and collects its reply. `onRequestStart` is called just before the request is written to a socket. It
 * aborts the request if the call has timed out by wall-clock time: Lambda may have frozen the process while the request
 * waited for the socket. A timer aborts everything later, including a reply that never begins or never ends.
 */
function exchange(pool: Dispatcher, call: AtlasRequest, now: () => number): Promise<AtlasReply> {
	return new Promise((resolve, reject) => {
		let sent = false;
		let timedOut = false;
		let head: Omit<AtlasReply, "body"> | undefined;
		let abort = (error: Error): void => reject(toTransportError(error, call, sent));
		const timer = setTimeout(
			() => {
				timedOut = true;
				abort(new CallTimeout());
			},
			Math.max(0, timeLeft(call, now())),
		);
		const chunks: Buffer[] = [];
		pool.dispatch(
			{ method: call.method, path: call.target, headers: { ...call.headers }, body: call.body ?? null },
			{
				onRequestStart(controller) {
					if (timedOut || timeLeft(call, now()) <= 0 || now() > (call.post?.notAfter ?? Infinity))
						return controller.abort(new CallTimeout());
					abort = (error) => controller.abort(error);
					sent = true;
					if (call.post) call.post.sent = true;
				},
				onResponseStart(_controller, status, fields) {
					head = { status, headers: joinFields(fields) };
				},
				onResponseData(_controller, chunk) {
					chunks.push(chunk);
				},
				onResponseEnd() {
					clearTimeout(timer);
					if (head) resolve({ ...head, body: Buffer.concat(chunks).toString("utf8") });
				},
				onResponseError(_controller, error) {
					clearTimeout(timer);
					reject(toTransportError(error, call, sent));
				},
			},
		);
	});
}

/** Milliseconds by which the clock may be set back during a call. */
const MAX_SET_BACK_MS = 5_000;

/** Milliseconds; 0 if the clock was set back further, since the duration of the call is then unknown. */
function timeLeft({ period }: AtlasRequest, now: number): number {
	if (period === undefined) return CALL_TIMEOUT_MS;
	return now < period.startedAt - MAX_SET_BACK_MS ? 0 : period.endsAt - now;
}

class CallTimeout extends Error {
	readonly code = "CALL_OVER";
}

/** Joins repeated fields by a comma (RFC 9110 §5.3). */
function joinFields(fields: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
	const joined: Record<string, string> = {};
	for (const [name, value] of Object.entries(fields)) {
		if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
	}
	return joined;
}
