import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { expect, test } from "vitest";
import type { HttpMessage } from "../../../local/gateway/event.ts";
import { isSignedBy, type SigningKeys } from "../../../local/gateway/sigv4.ts";

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const at = new Date("2026-10-24T02:00:00Z");

/** The digest as the SDK's signer wants it. */
class Sha256 {
	readonly #hash;

	constructor(secret?: Parameters<typeof createHmac>[1]) {
		this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
	}

	update(data: Uint8Array | string) {
		this.#hash.update(data);
	}

	async digest() {
		return new Uint8Array(this.#hash.digest());
	}
}

interface Signing {
	readonly service?: string;
	readonly query?: Record<string, string>;
	readonly path?: string;
	readonly body?: string;
	readonly sessionToken?: string;
}

/** Signs with the signer of the AWS SDK. */
async function sign({
	service = "execute-api",
	query = {},
	path = "/snapshots",
	body = "",
	sessionToken,
}: Signing = {}) {
	const signer = new SignatureV4({
		credentials: { ...keys, ...(sessionToken !== undefined && { sessionToken }) },
		region: "eu-west-1",
		service,
		sha256: Sha256 as never,
	});
	const headers = { host: "127.0.0.1:8080", "content-type": "application/json", "x-spaces": "  a   b ", "x-empty": "" };
	const request = { method: "POST", protocol: "http:", hostname: "127.0.0.1", path, query, headers, body };
	const signed = await signer.sign(request, { signingDate: at });
	const pairs = Object.entries(query).map(
		([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
	);
	const plain: HttpMessage = {
		method: "POST",
		path,
		query: pairs.join("&"),
		headers: Object.fromEntries(Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value])),
		body: Buffer.from(body),
	};
	return plain;
}

const GATEWAY = ["execute-api"];
const isTaken = (request: HttpMessage, now: number | undefined = at.getTime(), by: SigningKeys = keys) =>
	isSignedBy(request, by, GATEWAY, now);

test.each<[string, Signing]>([
	["a body", { body: '{"clusters":"all"}' }],
	["no body", {}],
	["a path with characters that are encoded", { path: "/snapshots/a%20b~c" }],
	["a query out of order", { query: { b: "2", a: "x y+z", "a-b": "é" } }],
])("a request with %s that the SDK's signer signed is taken", async (_what, signing) => {
	expect(isTaken(await sign(signing))).toBe(true);
});

const without = (request: HttpMessage, field: string): HttpMessage => ({
	...request,
	headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== field)),
});

const edit = (request: HttpMessage, from: RegExp, to: string): HttpMessage => {
	const authorization = (request.headers["authorization"] ?? "").replace(from, to);
	return { ...request, headers: { ...request.headers, authorization } };
};

test.each<[string, (request: HttpMessage) => HttpMessage]>([
	["another body", (request) => ({ ...request, body: Buffer.from("{}") })],
	["another path", (request) => ({ ...request, path: "/snapshots/x" })],
	["another query", (request) => ({ ...request, query: "a=1" })],
	["another method", (request) => ({ ...request, method: "GET" })],
	["another host", (request) => ({ ...request, headers: { ...request.headers, host: "elsewhere" } })],
	[
		"another content type",
		(request) => ({ ...request, headers: { ...request.headers, "content-type": "text/plain" } }),
	],
	["a signed header left out", (request) => without(request, "content-type")],
	["an empty signed header left out", (request) => without(request, "x-empty")],
	["the list of signed headers shortened", (request) => edit(request, /;x-empty/, "")],
	["a signature cut short", (request) => edit(request, /..$/, "")],
	["a signature of zeros", (request) => edit(request, /[0-9a-f]+$/, "0".repeat(64))],
	["another region in its scope", (request) => edit(request, /eu-west-1/, "eu-west-2")],
	["another day in its scope", (request) => edit(request, /\/20261024\//, "/20261023/")],
	["another date", (request) => ({ ...request, headers: { ...request.headers, "x-amz-date": "20261024T020001Z" } })],
	["an x-amz header added", (request) => ({ ...request, headers: { ...request.headers, "x-amz-meta": "1" } })],
	["no authorization", (request) => without(request, "authorization")],
	[
		"a malformed one",
		(request) => ({ ...request, headers: { ...request.headers, authorization: "AWS4-HMAC-SHA256 x" } }),
	],
	["no date", (request) => without(request, "x-amz-date")],
])("a signed request with %s is not taken", async (_what, change) => {
	expect(isTaken(change(await sign({ body: '{"clusters":"all"}' })))).toBe(false);
});

test("a request signed for another service or with another key is not taken", async () => {
	const wrong = { ...keys, secretAccessKey: "wrong" };

	expect(isTaken(await sign({ service: "lambda" }))).toBe(false);
	expect(isTaken(await sign(), at.getTime(), wrong)).toBe(false);
	expect(isTaken(await sign(), at.getTime(), { ...keys, accessKeyId: "other" })).toBe(false);
});

test("a signature serves for five minutes, either way", async () => {
	const request = await sign();
	const minutes = (count: number) => at.getTime() + count * 60_000;

	expect(isTaken(request, minutes(5))).toBe(true);
	expect(isTaken(request, minutes(-5))).toBe(true);
	expect(isTaken(request, minutes(5) + 1)).toBe(false);
	expect(isTaken(request, minutes(-5) - 1)).toBe(false);
});

test("a signature serves at any time where the clock is a fake one, and its date must still be one", async () => {
	const request = await sign();
	const dateless = { ...request, headers: { ...request.headers, "x-amz-date": "20261024" } };

	expect(isSignedBy(request, keys, GATEWAY, undefined)).toBe(true);
	expect(isSignedBy(dateless, keys, GATEWAY, undefined)).toBe(false);
});

test("temporary keys are taken with their session token only", async () => {
	const temporary = { ...keys, sessionToken: "token" };

	expect(isTaken(await sign({ sessionToken: "token" }), at.getTime(), temporary)).toBe(true);
	expect(isTaken(await sign({ sessionToken: "other" }), at.getTime(), temporary)).toBe(false);
	expect(isTaken(await sign(), at.getTime(), temporary)).toBe(false);
});
