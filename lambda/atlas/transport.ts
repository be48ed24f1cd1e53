import type { Dispatcher } from "undici";
import Pool from "undici/lib/dispatcher/pool.js";
import { type AtlasReply, type AtlasRequest, CALL_TIMEOUT_MS, type Send } from "./request.ts";
import { toTransportError } from "./transport-error.ts";

/** Milliseconds. */
export interface Timeouts {
	readonly connect: number;
	/** From the request's end to the reply's head. */
	readonly headers: number;
	/** Between any two parts of the body. */
	readonly body: number;
}

export const TIMEOUTS: Timeouts = { connect: 5_000, headers: 20_000, body: 20_000 };

/** Sockets at once: as many as two full executions have targets, so that no target waits for another one's reply. */
const CONNECTIONS = 50;
/** Milliseconds that an idle socket is kept, so that the polls of a process share it. Atlas's own hint goes first. */
const KEEP_ALIVE = 60_000;
/** Bytes; a page of 500 snapshots takes less than one megabyte. */
const LONGEST_BODY = 8 * 2 ** 20;

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
		// Said, so that NODE_TLS_REJECT_UNAUTHORIZED can't say otherwise.
		connect: { timeout: timeouts.connect, rejectUnauthorized: true },
		connections: CONNECTIONS,
		headersTimeout: timeouts.headers,
		bodyTimeout: timeouts.body,
		keepAliveTimeout: KEEP_ALIVE,
		maxResponseSize: LONGEST_BODY,
		pipelining: 1,
	});
	return {
		send: (call) => exchange(pool, call, now),
		close: () => pool.close(),
	};
}

/**
 * One request, one reply. `onRequestStart` comes when a socket is there and the request is about to be written: here it
 * is held back if the call's time is over, by the clock on the wall, since a process may have been frozen while it
 * waited for the socket. A timer ends whatever is under way then, also a reply that comes in drops or never begins.
 */
function exchange(pool: Dispatcher, call: AtlasRequest, now: () => number): Promise<AtlasReply> {
	return new Promise((resolve, reject) => {
		let sent = false;
		let over = false;
		let head: Omit<AtlasReply, "body"> | undefined;
		let end = (error: Error): void => reject(toTransportError(error, call, sent));
		const timer = setTimeout(
			() => {
				over = true;
				end(new CallOver());
			},
			Math.max(0, timeLeft(call, now())),
		);
		const chunks: Buffer[] = [];
		pool.dispatch(
			{ method: call.method, path: call.target, headers: { ...call.headers }, body: call.body ?? null },
			{
				onRequestStart(controller) {
					if (over || timeLeft(call, now()) <= 0 || now() > (call.departure?.notAfter ?? Infinity))
						return controller.abort(new CallOver());
					end = (error) => controller.abort(error);
					sent = true;
					if (call.departure) call.departure.left = true;
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

/** Milliseconds by which the clock may be set back within a call. */
const SET_BACK = 5_000;

/** Milliseconds; none where the clock was set back so far that nobody knows how long the call has lasted. */
function timeLeft({ period }: AtlasRequest, now: number): number {
	if (period === undefined) return CALL_TIMEOUT_MS;
	return now < period.startedAt - SET_BACK ? 0 : period.endsAt - now;
}

class CallOver extends Error {
	readonly code = "CALL_OVER";
}

/** Repeated fields as one, joined by a comma (RFC 9110 §5.3). */
function joinFields(fields: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
	const joined: Record<string, string> = {};
	for (const [name, value] of Object.entries(fields)) {
		if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
	}
	return joined;
}
