import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { expect, test } from "vitest";
import type { PlainRequest } from "../../../local/gateway/payload.ts";
import { isSignedBy } from "../../../local/gateway/sigv4.ts";

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
	const headers = { host: "127.0.0.1:8080", "content-type": "application/json", "x-empty": "  a   b " };
	const request = { method: "POST", protocol: "http:", hostname: "127.0.0.1", path, query, headers, body };
	const signed = await signer.sign(request, { signingDate: at });
	const pairs = Object.entries(query).map(
		([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
	);
	const plain: PlainRequest = {
		method: "POST",
		path,
		query: pairs.join("&"),
		headers: Object.fromEntries(Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value])),
		body: Buffer.from(body),
	};
	return plain;
}

const isTaken = (request: PlainRequest, now = at.getTime()) => isSignedBy(request, keys, now);

test.each<[string, Signing]>([
	["a body", { body: '{"clusters":"all"}' }],
	["no body", {}],
	["a path with characters that are encoded", { path: "/snapshots/a%20b~c" }],
	["a query out of order", { query: { b: "2", a: "x y+z", "a-b": "é" } }],
])("a request with %s that the SDK's signer signed is taken", async (_what, signing) => {
	expect(isTaken(await sign(signing))).toBe(true);
});

const without = (request: PlainRequest, field: string): PlainRequest => ({
	...request,
	headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== field)),
});

test.each<[string, (request: PlainRequest) => PlainRequest]>([
	["another body", (request) => ({ ...request, body: Buffer.from("{}") })],
	["another path", (request) => ({ ...request, path: "/snapshots/x" })],
	["another query", (request) => ({ ...request, query: "a=1" })],
	["another method", (request) => ({ ...request, method: "GET" })],
	["a signed header changed", (request) => ({ ...request, headers: { ...request.headers, host: "elsewhere" } })],
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
	expect(isSignedBy(await sign(), wrong, at.getTime())).toBe(false);
	expect(isSignedBy(await sign(), { ...keys, accessKeyId: "other" }, at.getTime())).toBe(false);
});

test("a signature serves for five minutes, either way", async () => {
	const request = await sign();
	const minutes = (count: number) => at.getTime() + count * 60_000;

	expect(isTaken(request, minutes(5))).toBe(true);
	expect(isTaken(request, minutes(-5))).toBe(true);
	expect(isTaken(request, minutes(5) + 1)).toBe(false);
	expect(isTaken(request, minutes(-5) - 1)).toBe(false);
});

test("temporary keys are taken with their session token only", async () => {
	const temporary = { ...keys, sessionToken: "token" };

	expect(isSignedBy(await sign({ sessionToken: "token" }), temporary, at.getTime())).toBe(true);
	expect(isSignedBy(await sign({ sessionToken: "other" }), temporary, at.getTime())).toBe(false);
	expect(isSignedBy(await sign(), temporary, at.getTime())).toBe(false);
});
