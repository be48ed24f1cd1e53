import type { ServerResponse } from "node:http";
import { setTimeout as delay, setInterval as ticks } from "node:timers/promises";
import { ApiError } from "./errors.ts";
import type { FaultAction } from "./faults.ts";
import type { ApiReply } from "./request.ts";

type ActionOf<Type extends FaultAction["type"]> = Extract<FaultAction, { type: Type }>;

/** The order of actions on a reply; those that end the connection come last. */
const ORDER: readonly FaultAction["type"][] = [
	...(["repeat", "html", "status", "garbage", "body", "echo", "grow", "contentType"] as const),
	...(["delay", "interim", "trickle", "cut", "drop"] as const),
];

/**
 * Applies faults to a request, around `execute`.
 *
 * @returns the reply to send, or undefined where the connection is closed
 */
export async function applyFaults(
	actions: readonly FaultAction[],
	response: ServerResponse,
	execute: () => ApiReply,
): Promise<ApiReply | undefined> {
	for (const action of actions) {
		if (action.type === "delay" && action.when === "before") await delay(action.ms);
		if (action.type === "drop" && action.when === "before") return destroy(response);
	}
	const instead = actions.find((action) => action.type === "html" || action.type === "status");
	let reply = instead?.executed === false ? errorReply(instead) : execute();
	for (const action of actions.toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type))) {
		switch (action.type) {
			case "repeat": {
				const second = execute();
				if (action.answer === "second") reply = second;
				break;
			}
			case "html":
			case "status":
				if (action.executed) reply = { ...errorReply(action), executed: reply.executed };
				break;
			case "garbage":
				reply = { ...reply, body: `{"id":"5f${"\\u00".repeat(3)}` };
				break;
			case "body":
				reply = { ...reply, body: action.value };
				break;
			case "echo":
				reply = echo(reply, action.value);
				break;
			case "grow":
				reply = { ...reply, body: grow(reply.body, action) };
				break;
			case "contentType":
				reply = { ...reply, headers: { ...reply.headers, "Content-Type": action.value } };
				break;
			case "delay":
				if (action.when === "after") await delay(action.ms);
				break;
			case "interim":
				await sendInterim(response, action.times ?? Number.POSITIVE_INFINITY);
				break;
			case "trickle":
				return await trickle(response, reply);
			case "cut":
				return cut(response, reply, action.bytes);
			case "drop":
				return destroy(response);
		}
	}
	return reply;
}

const HTML = "<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n";

function errorReply(action: ActionOf<"html"> | ActionOf<"status">): ApiReply {
	const { status } = action;
	if (action.type === "html") return { status, headers: { "Content-Type": "text/html" }, body: HTML, executed: false };
	const error = new ApiError(action.errorCode ?? "UNEXPECTED_ERROR", action.parameters, { status });
	const headers: Record<string, string> = { "Content-Type": "application/json", "X-Error-Code": error.errorCode };
	if (action.retryAfter !== undefined) headers["Retry-After"] = String(action.retryAfter);
	return { status, headers, body: JSON.stringify(error.toBody()), executed: false };
}

/** Fields that stay: without them the client would not process the reply any further. */
const KEPT = new Set(["id", "status", "access_token", "token_type"]);

function echo(reply: ApiReply, value: string): ApiReply {
	const put = (one: unknown, name = ""): unknown => {
		if (Array.isArray(one)) return one.length === 0 ? [value] : one.map((item) => put(item, name));
		if (typeof one === "object" && one !== null) {
			const fields = Object.entries(one).map(([key, field]) => [key, put(field, key)]);
			return { ...Object.fromEntries(fields), [value]: value };
		}
		if (typeof one !== "string" || KEPT.has(name)) return one;
		return name === "description" ? `${value} ${one}` : value;
	};
	// RFC 9110 §5.6.2: the characters of a field name.
	const name = `X-${value.replaceAll(/[^A-Za-z0-9!#$%&'*+.^_`|~-]/g, "")}`;
	const headers = { ...reply.headers, "X-Echo": value, "X-Error-Code": value, [name]: value };
	return { ...reply, headers, body: reply.body === "" ? "" : JSON.stringify(put(JSON.parse(reply.body))) };
}

/** Adds a field: arrays nested `depth` times, or a text of so many bytes. */
function grow(body: string, { depth, bytes }: ActionOf<"grow">): string {
	const value = depth > 0 ? "[".repeat(depth) + "]".repeat(depth) : JSON.stringify("x".repeat(bytes));
	return body.replace(/^\{/, () => `{"unknownField":${value},`);
}

async function sendInterim(response: ServerResponse, times: number): Promise<void> {
	for (let i = 0; i < times && !response.destroyed; i++) {
		response.writeEarlyHints({ link: "</x>; rel=preload" });
		await new Promise((resolve) => setImmediate(resolve));
	}
}

/** Spaces, which JSON allows before a value, one each 50 ms. */
async function trickle(response: ServerResponse, { status, headers }: ApiReply): Promise<undefined> {
	response.writeHead(status, headers);
	for await (const _ of ticks(50)) {
		if (response.destroyed) return;
		response.write(" ");
	}
}

function destroy(response: ServerResponse): undefined {
	response.socket?.destroy();
}

function cut(response: ServerResponse, reply: ApiReply, bytes: number): undefined {
	const body = Buffer.from(reply.body);
	response.writeHead(reply.status, { ...reply.headers, "Content-Length": body.length });
	response.flushHeaders();
	// The last byte is never sent: a body that arrives whole is not cut.
	const part = body.subarray(0, Math.max(0, Math.min(bytes, body.length - 1)));
	if (part.length > 0) response.write(part);
	response.socket?.destroySoon();
}
