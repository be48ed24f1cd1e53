import type { ServerResponse } from "node:http";
import { setTimeout as pause, setInterval as ticks } from "node:timers/promises";
import { ApiError } from "./errors.ts";
import type { FaultAction } from "./faults.ts";
import type { ApiReply } from "./request.ts";

type Of<Type extends FaultAction["type"]> = Extract<FaultAction, { type: Type }>;

/** What is done to a reply, in this order: what ends the connection comes last. */
const AFTERWARDS: readonly FaultAction["type"][] = [
	"repeat",
	"html",
	"status",
	"garbage",
	"body",
	"echo",
	"grow",
	"contentType",
	"delay",
	"interim",
	"trickle",
	"cut",
	"drop",
];

const HTML = "<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n";

/**
 * Carries out the faults that a request met, around `execute`.
 *
 * @returns the reply to send, or undefined where the connection is gone
 */
export async function applyFaults(
	actions: readonly FaultAction[],
	response: ServerResponse,
	execute: () => ApiReply,
): Promise<ApiReply | undefined> {
	for (const action of actions) {
		if (action.type === "delay" && action.when === "before") await pause(action.ms);
		if (action.type === "drop" && action.when === "before") return destroyed(response);
	}
	const instead = actions.find((action) => action.type === "html" || action.type === "status");
	let reply = instead?.executed === false ? substitute(instead) : execute();
	for (const action of actions.toSorted((a, b) => AFTERWARDS.indexOf(a.type) - AFTERWARDS.indexOf(b.type))) {
		switch (action.type) {
			case "repeat": {
				const second = execute();
				if (action.answer === "second") reply = second;
				break;
			}
			case "html":
			case "status":
				if (action.executed) reply = { ...substitute(action), executed: reply.executed };
				break;
			case "garbage":
				reply = { ...reply, body: `{"id":"5f${"\\u00".repeat(3)}` };
				break;
			case "body":
				reply = { ...reply, body: action.value };
				break;
			case "echo":
				reply = echoed(reply, action.value);
				break;
			case "grow":
				reply = { ...reply, body: grown(reply.body, action) };
				break;
			case "interim":
				await interim(response, action.times ?? Number.POSITIVE_INFINITY);
				break;
			case "trickle":
				return await trickle(response, reply);
			case "contentType":
				reply = { ...reply, headers: { ...reply.headers, "Content-Type": action.value } };
				break;
			case "delay":
				if (action.when === "after") await pause(action.ms);
				break;
			case "drop":
				return destroyed(response);
			case "cut":
				return cut(response, reply, action.bytes);
		}
	}
	return reply;
}

/** What a client must be able to read stays: an id of a snapshot, a state that it knows, the end of a description. */
const KEPT = new Set(["id", "status", "access_token", "token_type"]);

function echoed(reply: ApiReply, value: string): ApiReply {
	const put = (one: unknown, name = ""): unknown => {
		if (Array.isArray(one)) return one.length === 0 ? [value] : one.map((item) => put(item, name));
		if (typeof one === "object" && one !== null) {
			const fields = Object.entries(one).map(([key, field]) => [key, put(field, key)]);
			return { ...Object.fromEntries(fields), [value]: value };
		}
		if (typeof one !== "string" || KEPT.has(name)) return one;
		return name === "description" ? `${value} ${one}` : value;
	};
	// RFC 9110 §5.6.2: what a name of a field may hold.
	const name = `X-${value.replaceAll(/[^A-Za-z0-9!#$%&'*+.^_`|~-]/g, "")}`;
	const headers = { ...reply.headers, "X-Echo": value, "X-Error-Code": value, [name]: value };
	return { ...reply, headers, body: reply.body === "" ? "" : JSON.stringify(put(JSON.parse(reply.body))) };
}

/** Milliseconds from byte to byte. */
const TRICKLE_MS = 50;

/** @param depth of the field's value, which is an array of arrays @param bytes of it, where it is a text */
function grown(body: string, { depth, bytes }: { readonly depth: number; readonly bytes: number }): string {
	const value = depth > 0 ? "[".repeat(depth) + "]".repeat(depth) : JSON.stringify("x".repeat(bytes));
	return body.replace(/^\{/, () => `{"unknownField":${value},`);
}

async function interim(response: ServerResponse, times: number): Promise<void> {
	for (let i = 0; i < times && !response.destroyed; i++) {
		response.writeEarlyHints({ link: "</x>; rel=preload" });
		await new Promise((resolve) => setImmediate(resolve));
	}
}

/** Spaces, which JSON allows before a value. */
async function trickle(response: ServerResponse, { status, headers }: ApiReply): Promise<undefined> {
	response.writeHead(status, headers);
	for await (const _ of ticks(TRICKLE_MS)) {
		if (response.destroyed) return;
		response.write(" ");
	}
}

function destroyed(response: ServerResponse): undefined {
	response.socket?.destroy();
}

function cut(response: ServerResponse, reply: ApiReply, bytes: number): undefined {
	const body = Buffer.from(reply.body);
	response.writeHead(reply.status, { ...reply.headers, "Content-Length": body.length });
	response.flushHeaders();
	// One byte at least stays away: a body that arrives whole is not cut.
	const part = body.subarray(0, Math.max(0, Math.min(bytes, body.length - 1)));
	if (part.length > 0) response.write(part);
	response.socket?.destroySoon();
}

function substitute(action: Of<"html"> | Of<"status">): ApiReply {
	if (action.type === "html")
		return { status: action.status, headers: { "Content-Type": "text/html" }, body: HTML, executed: false };
	const refused = new ApiError(action.errorCode ?? "UNEXPECTED_ERROR", action.parameters, { status: action.status });
	return {
		status: action.status,
		headers: {
			"Content-Type": "application/json",
			"X-Error-Code": refused.errorCode,
			...(action.retryAfter === undefined ? {} : { "Retry-After": String(action.retryAfter) }),
		},
		body: JSON.stringify(refused.toBody()),
		executed: false,
	};
}
