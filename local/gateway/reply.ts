import { isRecord } from "../json.ts";

/** What came of an event that was fed to the trigger function. */
export type TriggerOutcome = { readonly returned: unknown } | { readonly error: unknown };

export interface PlainReply {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
}

/** Whether a function's result is a reply, as opposed to the name of a run. */
export const isReply = (returned: unknown): boolean => isRecord(returned) && "statusCode" in returned;

/**
 * Reads what a function returned for a request. A result without `statusCode` is itself the body of a 200.
 *
 * @see API Gateway Developer Guide, "Format of the response" (payload format version 2.0)
 */
export function readReply(returned: unknown): PlainReply {
	if (!isRecord(returned) || !("statusCode" in returned)) {
		return {
			status: 200,
			headers: { "content-type": "application/json" },
			body: Buffer.from(JSON.stringify(returned ?? null)),
		};
	}
	const { statusCode, headers, body, isBase64Encoded } = returned;
	const fields = isRecord(headers)
		? Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])
		: [];
	return {
		status: Number(statusCode),
		headers: Object.fromEntries(fields),
		body: Buffer.from(typeof body === "string" ? body : "", isBase64Encoded === true ? "base64" : "utf8"),
	};
}
