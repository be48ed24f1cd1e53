import { createHmac, timingSafeEqual } from "node:crypto";

/** Seconds by which the sender's clock may differ from ours, either way. */
const TOLERANCE_S = 300;

/** A key of the HMAC, decoded, and whose it is. */
export interface HookKey {
	readonly caller: string;
	readonly key: Uint8Array;
}

/**
 * Verifies a signature of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`. Every signature of the header is
 * compared with that of every key, in constant time, so that sender and receiver may both hold several while they rotate.
 *
 * @param headers names in lower case
 * @param body the bytes as they came
 * @param now epoch milliseconds
 * @returns whose key a signature matches; which part was wrong is nobody's business
 * @see Standard Webhooks specification, "Signature scheme" and "Verifying webhook authenticity"
 */
export function verifySignature(
	headers: Readonly<Record<string, string>>,
	body: Uint8Array,
	keys: readonly HookKey[],
	now: number,
): string | undefined {
	const id = headers["webhook-id"] ?? "";
	const timestamp = headers["webhook-timestamp"] ?? "";
	const claimed = readSignatures(headers["webhook-signature"] ?? "");
	const skew = Math.abs(now / 1000 - Number(timestamp));
	const sound = /^[\x20-\x7e]{1,255}$/.test(id) && /^\d{1,12}$/.test(timestamp) && skew <= TOLERANCE_S;
	const matches = keys.filter(({ key }) => {
		const expected = sign(key, id, timestamp, body);
		return claimed.filter((signature) => timingSafeEqual(expected, signature)).length > 0;
	});
	return sound ? matches[0]?.caller : undefined;
}

/** @returns the 32 bytes that a `v1` signature encodes */
export function sign(key: Uint8Array, id: string, timestamp: string, body: Uint8Array): Buffer {
	return createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
}

/** Only `v1` is symmetric; a gateway joins repeated fields by a comma, so the version and its value are told by pairs. */
function readSignatures(field: string): Buffer[] {
	const claimed: Buffer[] = [];
	for (const [, encoded = ""] of field.matchAll(/(?:^|[\s,])v1,([A-Za-z0-9+/]{43}=)(?=[\s,]|$)/g)) {
		claimed.push(Buffer.from(encoded, "base64"));
	}
	return claimed;
}

/** @returns `undefined` where the text is no `whsec_<base64>` of 24 to 64 bytes, as the specification recommends */
export function readHookKey(caller: string, text: unknown): HookKey | undefined {
	const encoded = typeof text === "string" ? /^whsec_([A-Za-z0-9+/]{32,}={0,2})$/.exec(text)?.[1] : undefined;
	if (encoded === undefined) return undefined;
	const key = Buffer.from(encoded, "base64");
	return key.byteLength >= 24 && key.byteLength <= 64 ? { caller, key } : undefined;
}
