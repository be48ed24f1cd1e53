import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { HttpMessage } from "./event.ts";

/** The keys that callers must have signed with. */
export interface SigningKeys {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	/** Required of callers where it is given. */
	readonly sessionToken?: string;
}

/** Milliseconds by which a caller's clock may differ. */
const SKEW_MS = 5 * 60 * 1000;

/**
 * Whether a request is signed as AWS wants it: Signature Version 4 in the `Authorization` header, over the body and at
 * least `host` and every `x-amz-` header.
 *
 * @param services of which the signature must name one, as `execute-api`
 * @param now epoch milliseconds; without it the signature's age is not looked at
 * @see AWS IAM User Guide, "Create a signed AWS API request"
 */
export function isSignedBy(
	request: HttpMessage,
	keys: SigningKeys,
	services: readonly string[],
	now: number | undefined,
): boolean {
	const { headers } = request;
	const claim = readClaim(headers["authorization"] ?? "");
	const at = headers["x-amz-date"] ?? "";
	if (!claim || claim.accessKeyId !== keys.accessKeyId || !services.includes(claim.service)) return false;
	if (!at.startsWith(claim.date) || !(Math.abs((now ?? readTime(at)) - readTime(at)) <= SKEW_MS)) return false;
	if (keys.sessionToken !== undefined && headers["x-amz-security-token"] !== keys.sessionToken) return false;
	const mustBeSigned = Object.keys(headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
	if (!mustBeSigned.every((name) => claim.signedHeaders.includes(name))) return false;
	// A header that is not there would sign the same as an empty one.
	if (!claim.signedHeaders.every((name) => headers[name] !== undefined)) return false;
	const scope = `${claim.date}/${claim.region}/${claim.service}/aws4_request`;
	const text = ["AWS4-HMAC-SHA256", at, scope, sha256(canonical(request, claim.signedHeaders))].join("\n");
	return timingSafeEqual(hmac(signingKey(keys, scope), text), Buffer.from(claim.signature, "hex"));
}

/** Per secret: the keys of the scopes last asked for. */
const derived = new Map<string, Buffer>();
const MOST_KEPT = 100;

function signingKey({ secretAccessKey }: SigningKeys, scope: string): Buffer {
	const id = `${secretAccessKey} ${scope}`;
	const known = derived.get(id);
	if (known) return known;
	let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
	for (const part of scope.split("/")) key = hmac(key, part);
	if (derived.size >= MOST_KEPT) derived.clear();
	derived.set(id, key);
	return key;
}

const AUTHORIZATION =
	/^AWS4-HMAC-SHA256 Credential=([^/\s,]+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request,\s*SignedHeaders=([\w;-]+),\s*Signature=([0-9a-f]{64})$/;

function readClaim(authorization: string) {
	const match = AUTHORIZATION.exec(authorization);
	if (!match) return undefined;
	const [, accessKeyId = "", date = "", region = "", service = "", signed = "", signature = ""] = match;
	return { accessKeyId, date, region, service, signedHeaders: signed.split(";"), signature };
}

/** @returns epoch milliseconds; NaN for anything but `20261124T101500Z` */
const readTime = (text: string): number =>
	Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));

function canonical(
	{ method, path, query = "", headers, body = Buffer.alloc(0) }: HttpMessage,
	signed: readonly string[],
) {
	const fields = signed.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}\n`);
	// Every service but S3 signs the path as it is sent, encoded once more.
	const uri = path.split("/").map(encode).join("/");
	return [method, uri, canonicalQuery(query), fields.join(""), signed.join(";"), sha256(body)].join("\n");
}

function canonicalQuery(query: string): string {
	const pairs = [...new URLSearchParams(query.replaceAll("+", "%2B"))].map(
		([name, value]) => [encode(name), encode(value)] as const,
	);
	return pairs
		.toSorted(([a, x], [b, y]) => compare(a, b) || compare(x, y))
		.map((pair) => pair.join("="))
		.join("&");
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** RFC 3986: all but the unreserved characters. */
const encode = (text: string): string =>
	encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
