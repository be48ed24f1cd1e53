import { isIP } from "node:net";
import { isRecord, parseJson } from "../../domain/json.ts";
import type { AtlasReply } from "../request.ts";

/** What is read of an error's body. Atlas's own sentences stay out: they may quote what was sent. */
export interface ErrorBody {
	/** Atlas's `errorCode`, or the `error` of RFC 6749 §5.2. */
	readonly errorCode?: string;
	/** Strings, numbers or nothing, whatever Atlas's description says. */
	readonly parameters: readonly unknown[];
	/** Names of the fields at fault, of those that a request of ours has. */
	readonly fields: readonly string[];
	/** The address that Atlas saw, where it says so. */
	readonly address?: string;
}

/**
 * Reads both styles of error: Atlas's `ApiError`, where `error` is the status as a number, and OAuth's, where `error`
 * is a word.
 *
 * @returns `undefined` where the body is no JSON object, so not Atlas's
 * @see Atlas Administration API, `ApiError`; RFC 6749 §5.2
 */
export function readErrorBody({ body, headers }: AtlasReply): ErrorBody | undefined {
	const value = parseJson(body);
	if (!isRecord(value)) return undefined;
	const code = [value["errorCode"], value["error"], headers["x-error-code"]].find(isCode);
	const parameters = Array.isArray(value["parameters"]) ? value["parameters"] : [];
	const address = [...parameters, ...words(value["detail"])].find((word) => typeof word === "string" && isIP(word) > 0);
	return {
		...(code === undefined ? {} : { errorCode: code }),
		parameters,
		fields: readFields(value["badRequestDetail"]),
		...(typeof address === "string" ? { address } : {}),
	};
}

/** Written as Atlas's codes are, or one of OAuth's; and no run of digits, such as an echo in hexadecimal would be. */
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

/** The fields of the only body that is sent. */
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
