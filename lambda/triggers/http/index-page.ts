import type { HttpReply, HttpRequest } from "./request.ts";

/** A route as API Gateway, the index and the local server know it; API Gateway hands every other path over unsigned. */
export interface RouteInfo {
	readonly methods: readonly ("GET" | "HEAD" | "POST")[];
	readonly path: string;
	/** How a caller proves who it is. */
	readonly proof: "iam" | "webhook";
	readonly purpose: string;
}

export const ROUTES: readonly RouteInfo[] = [
	{ methods: ["POST"], path: "/snapshots", proof: "iam", purpose: "takes snapshots" },
	{ methods: ["GET", "HEAD"], path: "/snapshots/{run}", proof: "iam", purpose: "tells where a run stands" },
	{
		methods: ["POST"],
		path: "/hooks/snapshots",
		proof: "webhook",
		purpose: "takes snapshots, without an AWS identity",
	},
	{ methods: ["GET", "HEAD"], path: "/openapi.json", proof: "iam", purpose: "the contract, in OpenAPI 3.1" },
];

const PROOFS = { iam: "IAM signature (SigV4, service execute-api)", webhook: "Standard Webhooks signature" } as const;
const SUMMARY = "Takes MongoDB Atlas snapshots and follows each to its end.";
const BODY = '{"projectId":"32b6e34b3d91647abb20e7b8","clusters":["prod-a"]}';

/** Whether only a caller that IAM has authenticated gets through to the function. */
export const needsIam = (method: string, path: string): boolean =>
	ROUTES.some(
		({ proof, methods, path: template }) =>
			proof === "iam" &&
			methods.some((each) => each === method) &&
			new RegExp(`^${template.replace(".", "\\.").replace("{run}", "[^/]+")}$`).test(path),
	);

/**
 * `GET /`: what there is, for a person or a program that knows only the address. HTML where the caller prefers it to
 * JSON. It holds nothing of the account, the stack or the request but its own address.
 *
 * @see RFC 9110 §12.5.1 (Accept), §12.5.5 (Vary); RFC 8631 §4.1 (`service-desc`)
 */
export function showIndex({ headers, prefix }: HttpRequest): HttpReply {
	const example = exampleAt(addressOf(headers) + prefix);
	const routes = ROUTES.map(({ methods, path, proof, purpose }) => ({
		methods,
		path: prefix + path,
		signature: PROOFS[proof],
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

/** The key goes to curl by a pipe: a command line is seen by everyone on the machine. */
const exampleAt = (address: string): string =>
	[
		`printf 'user = "%s:%s"\\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" |`,
		`curl -K - --aws-sigv4 "aws:amz:$AWS_REGION:execute-api" -H "x-amz-security-token: $AWS_SESSION_TOKEN"`,
		`-H "content-type: application/json" -d '${BODY}' ${address}/snapshots`,
	].join(" ");

/** Where the caller found this service; a host that no address has is left out. */
function addressOf({ host = "", "x-forwarded-proto": scheme }: HttpRequest["headers"]): string {
	const known = /^[a-z0-9.-]{1,253}(:\d{1,5})?$/i.test(host) ? host : "HOST";
	return `${scheme === "https" ? "https" : "http"}://${known}`;
}

/** @returns 0 to 1, by the most specific range that holds the type */
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
