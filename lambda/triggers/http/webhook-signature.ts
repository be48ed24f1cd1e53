import { createHmac, timingSafeEqual } from "node:crypto";

/** Seconds by which the timestamp may differ from now, either way. */
const TOLERANCE_S = 300;

export interface HookKey {
	/** The name of the caller that signs with it. */
	readonly caller: string;
	/** The HMAC key, 24 to 64 bytes. */
	readonly key: Uint8Array;
}

/**
 * Verifies a signature of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`. Every signature in the header is compared
 * with that of every key, in constant time: sender and receiver may both have several during a rotation.
 *
 * @param headers names in lower case
 * @param body the bytes as received
 * @param now epoch milliseconds
 * @returns the caller whose key signed it; `undefined` if id, timestamp or signature is wrong
 * @see Standard Webhooks specification, "Signature scheme" and "Verifying webhook authenticity"
 */
export function verifyWebhook(
	headers: Readonly<Record<string, string>>,
	body: Uint8Array,
	keys: readonly HookKey[],
	now: number,
): string | undefined {
	const id = headers["webhook-id"] ?? "";
	const timestamp = headers["webhook-timestamp"] ?? "";
	const received = readSignatures(headers["webhook-signature"] ?? "");
	const isRecent = Math.abs(now / 1000 - Number(timestamp)) <= TOLERANCE_S;
	const isWellFormed = /^[\x20-\x7e]{1,255}$/.test(id) && /^\d{1,12}$/.test(timestamp);
	const signers = keys.filter(({ key }) => {
		const expected = signWebhook(key, id, timestamp, body);
		return received.filter((signature) => timingSafeEqual(expected, signature)).length > 0;
	});
	return isWellFormed && isRecent ? signers[0]?.caller : undefined;
}

/** @returns the 32 bytes that a `v1` signature encodes */
export function signWebhook(key: Uint8Array, id: string, timestamp: string, body: Uint8Array): Buffer {
	return createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
}

/** Only `v1` is symmetric. Signatures are separated by spaces, or by commas where a gateway joined repeated fields. */
const readSignatures = (field: string): Buffer[] =>
	[...field.matchAll(/(?:^|[\s,])v1,([A-Za-z0-9+/]{43}=)(?=[\s,]|$)/g)].map(([, encoded = ""]) =>
		Buffer.from(encoded, "base64"),
	);

/** @returns `undefined` unless the text is `whsec_<base64>` of 24 to 64 bytes, as the specification recommends */
export function readHookKey(caller: string, text: unknown): HookKey | undefined {
	const encoded = typeof text === "string" ? /^whsec_([A-Za-z0-9+/]{32,}={0,2})$/.exec(text)?.[1] : undefined;
	if (encoded === undefined) return undefined;
	const key = Buffer.from(encoded, "base64");
	return key.byteLength >= 24 && key.byteLength <= 64 ? { caller, key } : undefined;
}
