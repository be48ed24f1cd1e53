import * as v from "valibot";
import { AtlasError, type AtlasFault } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";
import { type AtlasReply, type AtlasRequest, describeSubject } from "../request.ts";
import { type ErrorBody, readErrorBody } from "./error-body.ts";
import { accessListMeaning, BY_ERROR_CODE, type ErrorMeaning, meaningOfStatus } from "./error-codes.ts";

/** A snapshot is gone, where the lookup of one by its id finds nothing and says no more. */
const SNAPSHOT_PATH = /\/backup\/snapshots\/[a-f0-9]{24}(\?|$)/;

/**
 * Turns a reply into what it brought. Sends nothing, waits for nothing.
 *
 * @param now epoch milliseconds
 * @throws AtlasError whatever else it is; `ATLAS_UNREADABLE` where a success can't be read
 */
export function readReply<S extends v.GenericSchema>(
	schema: S,
	reply: AtlasReply,
	call: AtlasRequest,
	now: number,
): v.InferOutput<S> {
	if (reply.status < 200 || reply.status > 299) throw toAtlasError(reply, call, now);
	const read = v.safeParse(schema, parseJson(reply.body), { abortEarly: true, abortPipeEarly: true });
	if (read.success) return read.output;
	throw unreadableReply(reply, call);
}

/** Judges a reply that is no success. */
export function toAtlasError(reply: AtlasReply, call: AtlasRequest, now: number): AtlasError {
	const { status } = reply;
	const body = readErrorBody(reply);
	// Atlas speaks JSON. Only where a status means the same from anybody is the rest let pass.
	if (!body && status !== 401 && status !== 429 && status < 500) return unreadableReply(reply, call);
	const meaning = meaningOf(status, body, call);
	const seconds = retryAfterSeconds(reply, now);
	const fault: AtlasFault = {
		code: meaning.code,
		status,
		...(body?.errorCode === undefined ? {} : { errorCode: body.errorCode }),
		blame: meaning.blame,
		executed: executedBy(call),
		...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
	};
	const fields = body && body.fields.length > 0 ? ` (${body.fields.join(", ")})` : "";
	return new AtlasError(fault, `${describeSubject(call)}: ${meaning.message}${fields}`);
}

function meaningOf(status: number, body: ErrorBody | undefined, call: AtlasRequest): ErrorMeaning {
	if (status >= 500 || status === 429) return meaningOfStatus(status);
	const errorCode = body?.errorCode;
	const known = accessListMeaning(errorCode, body?.address) ?? BY_ERROR_CODE.get(errorCode ?? "");
	if (known) return known;
	if (status === 404 && SNAPSHOT_PATH.test(call.target)) {
		return BY_ERROR_CODE.get("SNAPSHOT_NOT_FOUND") ?? meaningOfStatus(status);
	}
	return meaningOfStatus(status);
}

/** An answer of someone in between, or half an answer: whether Atlas has acted, it does not tell. */
export function unreadableReply({ status, headers }: AtlasReply, call: AtlasRequest): AtlasError {
	const kind = /html/i.test(headers["content-type"] ?? "") ? "a web page" : "no readable JSON";
	return new AtlasError(
		{ code: "ATLAS_UNREADABLE", status, blame: "transient", executed: executedBy(call) },
		`${describeSubject(call)}: the answer (${status}) is ${kind}; if this lasts, look for a proxy between the function and Atlas`,
	);
}

/**
 * A POST that was answered has left. Whatever the answer says, it may be that of a copy which something in between has
 * sent as well, so it does not say that nothing was done.
 */
export const executedBy = ({ method }: AtlasRequest): "no" | "unknown" => (method === "POST" ? "unknown" : "no");

/** Atlas's three-part `parameters` of older limits tell path, requests and minutes: no wait among them. */
const OLDER_LIMIT_PARAMETERS = 3;

/**
 * How long Atlas asks to wait: `Retry-After`, in seconds or as a date, else `parameters[1]` of a token bucket's 429.
 *
 * @param now epoch milliseconds
 * @returns whole seconds, 1 or more, or `undefined` where it does not say
 * @see RFC 9110 §10.2.3; Atlas documentation, "API Rate Limiting"
 */
export function retryAfterSeconds(reply: AtlasReply, now: number): number | undefined {
	if (reply.status !== 429 && reply.status < 500) return undefined;
	const seconds =
		readField(reply.headers["retry-after"], now) ?? (reply.status === 429 ? readParameter(reply) : undefined);
	// Atlas is known to ask for a wait of no seconds: that is no answer to the question how long.
	return seconds === 0 ? undefined : seconds;
}

function readField(field: string | undefined, now: number): number | undefined {
	const text = field?.trim();
	if (text === undefined) return undefined;
	if (/^\d{1,9}$/.test(text)) return Number(text);
	// IMF-fixdate (RFC 9110 §5.6.7); Date.parse would take much more than that.
	if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
	const at = Date.parse(text);
	return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}

function readParameter(reply: AtlasReply): number | undefined {
	const parameters = readErrorBody(reply)?.parameters ?? [];
	if (parameters.length === OLDER_LIMIT_PARAMETERS) return undefined;
	const seconds = Number(parameters[1] ?? Number.NaN);
	return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds) : undefined;
}
