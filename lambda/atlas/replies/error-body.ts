import { isIP } from "node:net";
import { isRecord, parseJson } from "../../domain/json.ts";
import type { AtlasReply } from "../request.ts";

/** The parts of an error body that are used. Atlas's own messages are not: they may quote the request. */
export interface ErrorBody {
	/** Atlas's `errorCode`, or the `error` of RFC 6749 §5.2. */
	readonly errorCode?: string;
	readonly parameters: readonly unknown[];
	/** Names of the invalid fields, if they are fields of our requests. */
	readonly fields: readonly string[];
	/** The caller's IP address, if Atlas names it. */
	readonly address?: string;
}

/**
 * Reads both styles of error: Atlas's `ApiError`, where `error` is the status as a number, and OAuth's, where `error`
 * is a word.
 *
 * @returns `undefined` if the body is no JSON object, and so not from Atlas
 * @see Atlas Administration API, `ApiError`; RFC 6749 §5.2
 */
export function readErrorBody({ body, headers }: AtlasReply): ErrorBody | undefined {
	const value = parseJson(body);
	if (!isRecord(value)) return undefined;
	const code = [value["errorCode"], value["error"], headers["x-error-code"]].find(isCode);
	const parameters = Array.isArray(value["parameters"]) ? value["parameters"] : [];
	const address = [...parameters, ...words(value["detail"])].find((word) => typeof word === "string" && isIP(word) > 0);
	return {
		errorCode: code,
		parameters,
		fields: readFields(value["badRequestDetail"]),
		address: typeof address === "string" ? address : undefined,
	};
}

/** Has the form of Atlas's codes, or is one of OAuth's. A long run of digits is excluded: it may be a secret in hexadecimal. */
const isCode = (value: unknown): value is string =>
	typeof value === "string" &&
	(OAUTH_CODES.has(value) || (/^[A-Z][A-Z0-9_]{2,79}$/.test(value) && !/[A-Z0-9]*[0-9][A-Z0-9]{7}/.test(value)));

/** @see RFC 6749 §5.2 */
const OAUTH_CODES: ReadonlySet<string> = new Set([
	"invalid_request",
	"invalid_client",
	"invalid_grant",
	"unauthorized_client",
	"unsupported_grant_type",
	"invalid_scope",
]);

/** The fields of the only request body. */
const OWN_FIELDS: ReadonlySet<unknown> = new Set(["description", "retentionInDays"]);

const words = (text: unknown): string[] => (typeof text === "string" ? text.split(/[^0-9A-Za-z.:]+/) : []);

function readFields(detail: unknown): string[] {
	if (!isRecord(detail) || !Array.isArray(detail["fields"])) return [];
	return detail["fields"]
		.map((entry: unknown) => (isRecord(entry) ? entry["field"] : undefined))
		.filter((field) => OWN_FIELDS.has(field))
		.map(String)
		.slice(0, OWN_FIELDS.size);
}
