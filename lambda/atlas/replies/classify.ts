import * as v from "valibot";
import { fromAtlasCode } from "../../domain/atlas-error-codes.ts";
import { type AtlasErrorCode, TARGET_ERRORS } from "../../domain/error-table.ts";
import { AtlasError } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";
import { type AtlasReply, type AtlasRequest, describeSubject } from "../request.ts";
import { type ErrorBody, readErrorBody } from "./error-body.ts";

/** A 404 for this path means the snapshot, unless Atlas's error code says otherwise. */
const SNAPSHOT_PATH = /\/backup\/snapshots\/[a-f0-9]{24}(\?|$)/;

/**
 * Reads a successful reply.
 *
 * @param now epoch milliseconds
 * @throws AtlasError for any other reply; `ATLAS_UNREADABLE` if the body breaks the schema
 */
export function readReply<S extends v.GenericSchema>(
	schema: S,
	reply: AtlasReply,
	request: AtlasRequest,
	now: number,
): v.InferOutput<S> {
	if (reply.status < 200 || reply.status > 299) throw toAtlasError(reply, request, now);
	const read = v.safeParse(schema, parseJson(reply.body), { abortEarly: true, abortPipeEarly: true });
	if (read.success) return read.output;
	throw unreadableReply(reply, request);
}

/** Classifies a reply that is not a success. */
export function toAtlasError(reply: AtlasReply, request: AtlasRequest, now: number): AtlasError {
	const { status } = reply;
	const body = readErrorBody(reply);
	// Atlas replies in JSON. Without it, only a status that a proxy would send for the same reason counts.
	if (!body && status !== 401 && status !== 429 && status < 500) return unreadableReply(reply, request);
	const code = codeOf(status, body, request);
	const fault = {
		code,
		status,
		errorCode: body?.errorCode,
		blame: isDefect(status, code) ? "ours" : undefined,
		executed: mayBeExecuted(request),
		retryAfterSeconds: retryAfterSeconds(reply, now),
	} as const;
	const fields = body && body.fields.length > 0 ? ` (${body.fields.join(", ")})` : "";
	return new AtlasError(fault, `${describeSubject(request)}: ${messageOf(status, code, body)}${fields}`);
}

function codeOf(status: number, body: ErrorBody | undefined, { target }: AtlasRequest): AtlasErrorCode {
	const code = (status < 500 && status !== 429 && fromAtlasCode(body?.errorCode)) || codeOfStatus(status);
	return code === "ATLAS_NOT_FOUND" && SNAPSHOT_PATH.test(target) ? "ATLAS_SNAPSHOT_NOT_FOUND" : code;
}

/** The code for a status where Atlas's error code is unknown or absent. */
const codeOfStatus = (status: number): AtlasErrorCode =>
	status >= 500 ? "ATLAS_FAULT" : (CODE_OF_STATUS.get(status) ?? "ATLAS_BAD_REQUEST");

const CODE_OF_STATUS: ReadonlyMap<number, AtlasErrorCode> = new Map([
	[401, "ATLAS_KEY_REFUSED"],
	[402, "ATLAS_BILLING"],
	[403, "ATLAS_FORBIDDEN"],
	[404, "ATLAS_NOT_FOUND"],
	[408, "ATLAS_FAULT"],
	[409, "ATLAS_CONFLICT"],
	[410, "ATLAS_VERSION_GONE"],
	[429, "ATLAS_RATE_LIMITED"],
]);

/** A correct request never gets 405, 406, 415… */
const isDefect = (status: number, code: AtlasErrorCode): boolean => code === "ATLAS_BAD_REQUEST" && status !== 400;

function messageOf(status: number, code: AtlasErrorCode, body: ErrorBody | undefined): string {
	const { message } = TARGET_ERRORS[code];
	if (isDefect(status, code))
		return `Atlas does not understand the request (${status}); this is a defect of the service`;
	if (code === "ATLAS_FAULT") return `${message} (${status})`;
	if (code !== "ATLAS_ADDRESS_REFUSED") return message;
	return body?.errorCode?.startsWith("IP_")
		? `Atlas saw this call come from ${body.address ?? "an address it does not tell"}, which is not allowed; ${message}`
		: `the organisation demands an access list; ${message}`;
}

/** A reply of a proxy, or an incomplete one: Atlas may have carried out the request. */
export function unreadableReply({ status, headers }: AtlasReply, request: AtlasRequest): AtlasError {
	const kind = /html/i.test(headers["content-type"] ?? "") ? "a web page" : "no readable JSON";
	return new AtlasError(
		{ code: "ATLAS_UNREADABLE", status, executed: mayBeExecuted(request) },
		`${describeSubject(request)}: the reply (${status}) is ${kind}; ${TARGET_ERRORS.ATLAS_UNREADABLE.message}`,
	);
}

/** A refused POST may have been carried out: the refusal may be the reply to a second copy that a proxy sent. */
export const mayBeExecuted = ({ method }: AtlasRequest): "no" | "unknown" => (method === "POST" ? "unknown" : "no");

/** `parameters` of Atlas's older rate limits are path, requests and minutes, and hold no wait. */
const OLDER_LIMIT_PARAMETERS = 3;

/**
 * The wait that Atlas demands: `Retry-After`, in seconds or as a date, else `parameters[1]` of a 429.
 *
 * @param now epoch milliseconds
 * @returns whole seconds, 1 or more; `undefined` if the reply names none
 * @see RFC 9110 §10.2.3; Atlas documentation, "API Rate Limiting"
 */
export function retryAfterSeconds(reply: AtlasReply, now: number): number | undefined {
	if (reply.status !== 429 && reply.status < 500) return undefined;
	const seconds =
		readField(reply.headers["retry-after"], now) ?? (reply.status === 429 ? readParameter(reply) : undefined);
	// Atlas is known to send a wait of 0 seconds.
	return seconds === 0 ? undefined : seconds;
}

function readField(field: string | undefined, now: number): number | undefined {
	const text = field?.trim();
	if (text === undefined) return undefined;
	if (/^\d{1,9}$/.test(text)) return Number(text);
	// IMF-fixdate (RFC 9110 §5.6.7); Date.parse accepts other formats.
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
