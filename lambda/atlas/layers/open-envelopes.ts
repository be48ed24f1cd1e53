import { isRecord, parseJson } from "../../domain/json.ts";
import type { AtlasReply, Layer } from "../request.ts";

/**
 * Opens enveloped replies, so that outer layers see the true status: a number `status` in the body replaces the HTTP
 * status. An object is in `content` or `envelope` (Atlas's documentation differs), a list in the body itself. The `status`
 * of a snapshot is a string.
 *
 * @see Atlas Administration API, query parameter `envelope`
 */
export const openEnvelopes: Layer = (next) => async (call) => openEnvelope(await next(call));

/** @returns the same reply if it is no envelope */
export function openEnvelope(reply: AtlasReply): AtlasReply {
	if (!reply.body.includes('"status"')) return reply;
	const outer = parseJson(reply.body);
	if (!isRecord(outer)) return reply;
	const { status, ...rest } = outer;
	if (typeof status !== "number" || !Number.isInteger(status) || status < 100 || status > 599) return reply;
	const body = writeJson(rest["content"] ?? rest["envelope"] ?? rest);
	return body === undefined ? reply : { ...reply, status, body };
}

/** @returns `undefined` if the value is nested too deep */
function writeJson(value: unknown): string | undefined {
	try {
		return JSON.stringify(value);
	} catch {
		return undefined;
	}
}
