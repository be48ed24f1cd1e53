import { isRecord, type JsonObject } from "../../domain/json.ts";
import type { RequestedBy } from "../../domain/run.ts";
import type { HttpReply, HttpRequest } from "./request.ts";

/** API Gateway's reply; payload versions 1.0 and 2.0 read the same fields. */
export interface GatewayReply {
	readonly statusCode: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
	readonly isBase64Encoded: false;
}

/**
 * Whether the event is an API Gateway request. A load balancer's event is similar and is refused: it has no IAM caller.
 *
 * @see API Gateway Developer Guide, "AWS Lambda proxy integrations for HTTP APIs" (payload format version)
 */
export function isGatewayEvent(event: unknown): event is JsonObject {
	if (!isRecord(event) || !isRecord(event["requestContext"]) || "elb" in event["requestContext"]) return false;
	if (event["version"] === "2.0") return isRecord(event["requestContext"]["http"]);
	return typeof event["httpMethod"] === "string" && !("connectionId" in event["requestContext"]);
}

/**
 * Reads a request of payload version 2.0 or 1.0. A missing field, or one of a wrong type, counts as empty.
 *
 * @param replyBy epoch milliseconds
 */
export function readGatewayEvent(event: JsonObject, replyBy: number): HttpRequest {
	const context = objectOf(event["requestContext"]);
	const http = objectOf(context["http"]);
	const fullPath = textOf(event["rawPath"]) ?? textOf(event["path"]) ?? "/";
	const template = textOf(event["resource"]) ?? textOf(event["routeKey"])?.split(" ")[1];
	const { prefix, path } = splitPath(fullPath, textOf(context["stage"]), template);
	return {
		method: textOf(http["method"]) ?? textOf(event["httpMethod"]) ?? "",
		path,
		prefix: prefix || hiddenPrefix(path, textOf(context["path"])),
		headers: readHeaders(objectOf(event["headers"]), objectOf(event["multiValueHeaders"])),
		body: Buffer.from(textOf(event["body"]) ?? "", event["isBase64Encoded"] === true ? "base64" : "utf8"),
		id: textOf(context["requestId"]),
		caller: readCaller(context, event["version"]),
		replyBy,
	};
}

export function toGatewayReply({ status, headers, body }: HttpReply): GatewayReply {
	return { statusCode: status, headers, body: body ?? "", isBase64Encoded: false };
}

/** Splits off the base path of a custom domain, found by the route's template, or the stage, which payload 2.0 leaves in. */
function splitPath(path: string, stage: string | undefined, template: string | undefined) {
	if (template?.startsWith("/") && !template.includes("+}")) {
		const depth = template.split("/").length - 1;
		const segments = path.split("/");
		const start = segments.length - depth;
		if (start > 1) return { prefix: segments.slice(0, start).join("/"), path: `/${segments.slice(start).join("/")}` };
		return { prefix: "", path };
	}
	if (stage && stage !== "$default" && path.startsWith(`/${stage}/`)) {
		return { prefix: `/${stage}`, path: path.slice(stage.length + 1) };
	}
	return { prefix: "", path };
}

/** Payload 1.0 leaves the stage out of `path`; `requestContext.path` has it. */
function hiddenPrefix(path: string, clientPath: string | undefined): string {
	return clientPath?.endsWith(path) ? clientPath.slice(0, -path.length) : "";
}

function readHeaders(single: JsonObject, multiple: JsonObject): Record<string, string> {
	const headers: Record<string, string> = {};
	for (const [name, value] of Object.entries(single))
		if (typeof value === "string") headers[name.toLowerCase()] = value;
	for (const [name, values] of Object.entries(multiple)) {
		if (Array.isArray(values))
			headers[name.toLowerCase()] = values.filter((value) => typeof value === "string").join(", ");
	}
	return headers;
}

/** A user, a role without its session, the account's root or a federated user. */
const PRINCIPAL = /^arn:[\w-]{1,32}:(?:iam|sts)::\d{12}:[\x21-\x7e]{1,1024}$/;

/**
 * Reads the ARN that API Gateway's IAM authorizer authenticated, of a role without its session name. A function URL and
 * other authorizers give no caller.
 *
 * @param context the event's `requestContext`
 * @see API Gateway Developer Guide, "AWS Lambda proxy integrations for HTTP APIs" (`authorizer.iam`), and "Input format of
 * a Lambda function for proxy integration" (`identity`)
 */
function readCaller(context: JsonObject, version: unknown): RequestedBy | undefined {
	const authorizer = objectOf(context["authorizer"]);
	const identity = version === "2.0" ? objectOf(authorizer["iam"]) : objectOf(context["identity"]);
	const arn = textOf(identity["userArn"]);
	if (arn === undefined || !PRINCIPAL.test(arn) || isFunctionUrl(context)) return undefined;
	return `iam:${arn.replace(/^(arn:[^:]+:sts::\d+:assumed-role\/[^/]+)\/.*$/, "$1")}`;
}

/** A function URL bypasses the API, its routes and its throttle. */
const isFunctionUrl = (context: JsonObject): boolean => /\.lambda-url\./i.test(textOf(context["domainName"]) ?? "");

const objectOf = (input: unknown): JsonObject => (isRecord(input) ? input : {});

const textOf = (input: unknown): string | undefined => (typeof input === "string" ? input : undefined);
