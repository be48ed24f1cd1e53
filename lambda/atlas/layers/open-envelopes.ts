import { isRecord, parseJson } from "../../domain/json.ts";
import type { AtlasReply, Layer } from "../request.ts";

/**
 * Opens enveloped replies, so that every layer above sees the true status: `status` within the body counts as the HTTP
 * status does. A single object lies under `content` or `envelope` (Atlas's pages differ), a list in the body itself.
 * A snapshot's own `status` is a word, not a number, and stays untouched.
 *
 * @see Atlas Administration API, query parameter `envelope`
 */
export const openEnvelopes: Layer = (next) => async (call) => openEnvelope(await next(call));

/** @returns the reply itself where it is no envelope */
export function openEnvelope(reply: AtlasReply): AtlasReply {
	if (!reply.body.includes('"status"')) return reply;
	const outer = parseJson(reply.body);
	if (!isRecord(outer)) return reply;
	const { status, ...rest } = outer;
	if (typeof status !== "number" || !Number.isInteger(status) || status < 100 || status > 599) return reply;
	const inner = rest["content"] ?? rest["envelope"] ?? rest;
	const body = writeJson(inner);
	return body === undefined ? reply : { ...reply, status, body };
}

/** @returns `undefined` where a value is nested so deep that it can't be written */
function writeJson(value: unknown): string | undefined {
	try {
		return JSON.stringify(value);
	} catch {
		return undefined;
	}
}
