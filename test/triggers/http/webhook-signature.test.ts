import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readHookKey, signWebhook, verifyWebhook } from "../../../lambda/triggers/http/webhook-signature.ts";

/** The example of the specification's reference libraries. */
const VECTOR = {
	key: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
	timestamp: "1614265330",
	body: '{"test": 2432232314}',
	signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const AT = Number(VECTOR.timestamp) * 1000;

const headersOf = (signature: string, id = VECTOR.id, timestamp = VECTOR.timestamp) => ({
	"webhook-id": id,
	"webhook-timestamp": timestamp,
	"webhook-signature": signature,
});

const vectorKey = Buffer.from(VECTOR.key.slice("whsec_".length), "base64");
const body = Buffer.from(VECTOR.body);
const other = Buffer.alloc(24, 7);

const isSigned = (headers: Record<string, string>, bytes: Uint8Array, keys: readonly Uint8Array[], now: number) => {
	const named = keys.map((key, index) => ({ caller: `c${index}`, key }));
	return verifyWebhook(headers, bytes, named, now) !== undefined;
};

describe("a signature of Standard Webhooks", () => {
	test("is valid in the specification's example", () => {
		expect(isSigned(headersOf(VECTOR.signature), body, [vectorKey], AT)).toBe(true);
		expect(`v1,${signWebhook(vectorKey, VECTOR.id, VECTOR.timestamp, body).toString("base64")}`).toBe(VECTOR.signature);
	});

	test.each([-301, -300, 0, 300, 301])("that is %i seconds off is valid within five minutes, either way", (seconds) => {
		expect(isSigned(headersOf(VECTOR.signature), body, [vectorKey], AT + seconds * 1000)).toBe(
			Math.abs(seconds) <= 300,
		);
	});

	test("is valid among several signatures, with any of several keys", () => {
		const wrong = `v1,${other.toString("base64").padEnd(43, "A").slice(0, 43)}=`;

		expect(isSigned(headersOf(`${wrong} ${VECTOR.signature}`), body, [other, vectorKey], AT)).toBe(true);
		expect(isSigned(headersOf(`v1a,abc ${VECTOR.signature}`), body, [vectorKey], AT)).toBe(true);
		expect(isSigned(headersOf(`${wrong},${VECTOR.signature}`), body, [vectorKey], AT)).toBe(true);
		expect(isSigned(headersOf(wrong), body, [vectorKey, other], AT)).toBe(false);
	});

	test("identifies the caller of its key", () => {
		const keys = [
			{ caller: "github", key: other },
			{ caller: "gitlab", key: vectorKey },
		];

		expect(verifyWebhook(headersOf(VECTOR.signature), body, keys, AT)).toBe("gitlab");
	});

	test("needs a key", () => {
		expect(isSigned(headersOf(VECTOR.signature), body, [], AT)).toBe(false);
	});

	test.each([
		["no id", headersOf(VECTOR.signature, "")],
		["no signature", headersOf("")],
		["no version", headersOf(VECTOR.signature.slice(3))],
		["another version", headersOf(VECTOR.signature.replace("v1", "v2"))],
		["a truncated value", headersOf(VECTOR.signature.slice(0, -2))],
		["no timestamp", headersOf(VECTOR.signature, VECTOR.id, "")],
		["milliseconds", headersOf(VECTOR.signature, VECTOR.id, `${VECTOR.timestamp}000`)],
		["a hexadecimal timestamp", headersOf(VECTOR.signature, VECTOR.id, "0x6037bd72")],
		["an exponent", headersOf(VECTOR.signature, VECTOR.id, "1.61426533e9")],
		["no headers", {}],
	])("is invalid with %s", (_, headers) => {
		expect(isSigned(headers, body, [vectorKey], AT)).toBe(false);
	});

	test("is invalid after any change of id, timestamp, body or key", () => {
		const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at % bytes.length ? byte ^ 1 : byte));
		fc.assert(
			fc.property(
				fc.stringMatching(/^[\x21-\x7e]{1,40}$/),
				fc.uint8Array({ minLength: 1, maxLength: 200 }),
				fc.nat(),
				(id, payload, at) => {
					const key = randomBytes(32);
					const signed = headersOf(`v1,${signWebhook(key, id, VECTOR.timestamp, payload).toString("base64")}`, id);
					expect(isSigned(signed, payload, [key], AT)).toBe(true);

					expect(isSigned(signed, flip(payload, at), [key], AT)).toBe(false);
					expect(isSigned(signed, payload, [flip(key, at)], AT)).toBe(false);
					expect(isSigned({ ...signed, "webhook-id": `${id}x` }, payload, [key], AT)).toBe(false);
					const later = String(Number(VECTOR.timestamp) + 1);
					expect(isSigned({ ...signed, "webhook-timestamp": later }, payload, [key], AT)).toBe(false);
				},
			),
		);
	});
});

const ofBytes = (bytes: number) => `whsec_${randomBytes(bytes).toString("base64")}`;

test.each([
	"",
	"whsec_",
	"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	"whsec_!!!!",
	"whsec_c2hvcnQ=",
	"whsec_MfKQ9r8GKY qrTwjUPD8ILPZIo2LaLaSw",
	`whsec_${"=".repeat(40)}`,
	ofBytes(16),
	ofBytes(23),
	ofBytes(65),
	undefined,
	5,
	[ofBytes(32)],
])("%j is no key", (text) => {
	expect(readHookKey("github", text)).toBeUndefined();
});

test.each([24, 25, 32, 63, 64])("%i bytes are a key", (bytes) => {
	expect(readHookKey("github", ofBytes(bytes))?.key).toHaveLength(bytes);
});
