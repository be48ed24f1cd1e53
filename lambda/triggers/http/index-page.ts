import type { HttpReply, HttpRequest } from "./request.ts";
import { ROUTES } from "./routes.ts";

const SIGNATURES = {
	iam: "IAM signature (SigV4, service execute-api)",
	webhook: "Standard Webhooks signature",
} as const;
const SUMMARY = "Takes MongoDB Atlas snapshots and follows each to its end.";
const BODY = '{"projectId":"32b6e34b3d91647abb20e7b8","clusters":["prod-a"]}';

/**
 * `GET /`: lists the routes, as HTML if the caller prefers it to JSON. It shows nothing of the account or stack, and of the
 * request only the address.
 *
 * @see RFC 9110 §12.5.1 (Accept), §12.5.5 (Vary); RFC 8631 §4.1 (`service-desc`)
 */
export function getIndex({ headers, prefix }: HttpRequest): HttpReply {
	const example = exampleAt(addressOf(headers) + prefix);
	const routes = ROUTES.map(({ methods, path, auth, purpose }) => ({
		methods,
		path: prefix + path,
		signature: SIGNATURES[auth],
		purpose,
	}));
	const contract = `${prefix}/openapi.json`;
	const shared = { vary: "Accept", link: `<${contract}>; rel="service-desc"` };
	const accept = headers["accept"] ?? "";
	if (quality(accept, "text/html") <= quality(accept, "application/json")) {
		const body = JSON.stringify({ name: "atlas-snapshots", summary: SUMMARY, contract, routes, example });
		return { status: 200, headers: { "content-type": "application/json", ...shared }, body };
	}
	const rows = routes.map(
		({ methods, path, signature, purpose }) =>
			`<tr><td>${methods.join(", ")}<td><code>${asHtml(path)}</code><td>${purpose}<td>${signature}`,
	);
	const body = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Atlas snapshots</title>
<h1>Atlas snapshots</h1><p>${SUMMARY} The contract: <a href="${asHtml(contract)}">${asHtml(contract)}</a>.
<table><tr><th>Method<th>Path<th>Purpose<th>Signature${rows.join("\n")}</table>
<p>Take a snapshot:<pre>${asHtml(example)}</pre></html>`;
	const policy = { "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'" };
	return { status: 200, headers: { "content-type": "text/html; charset=utf-8", ...policy, ...shared }, body };
}

/** curl reads the key from a pipe: other users of the machine can read command lines. */
const exampleAt = (address: string): string =>
	[
		`printf 'user = "%s:%s"\\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" |`,
		`curl -K - --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" -H "x-amz-security-token: $AWS_SESSION_TOKEN"`,
		`-H "content-type: application/json" -d '${BODY}' ${address}/snapshots`,
	].join(" ");

/** The address that the caller used, unless the host is malformed. */
function addressOf({ host = "", "x-forwarded-proto": scheme }: HttpRequest["headers"]): string {
	const known = /^[a-z0-9.-]{1,253}(:\d{1,5})?$/i.test(host) ? host : "HOST";
	return `${scheme === "https" ? "https" : "http"}://${known}`;
}

/** @returns 0 to 1, from the most specific matching range */
function quality(accept: string, type: string): number {
	const ranges = accept.split(",").map((range) =>
		range
			.trim()
			.toLowerCase()
			.split(/\s*;\s*/),
	);
	for (const wanted of [type, type.replace(/\/.*/, "/*"), "*/*"]) {
		const range = ranges.find(([name]) => name === wanted);
		if (range) return Number(range.find((each) => each.startsWith("q="))?.slice(2) ?? 1) || 0;
	}
	return 0;
}

const asHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
