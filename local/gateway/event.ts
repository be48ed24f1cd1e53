import { randomUUID } from "node:crypto";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { isRecord } from "../../lambda/domain/json.ts";
import { needsIam } from "../../lambda/triggers/http/routes.ts";

/** The caller of an unsigned request. */
const LOCAL_IAM = {
	accessKey: "AKIDEXAMPLE",
	accountId: "123456789012",
	callerId: "AIDACKCEVSQ6C2EXAMPLE",
	cognitoIdentity: null,
	principalOrgId: null,
	userArn: "arn:aws:iam::123456789012:user/local",
	userId: "AIDACKCEVSQ6C2EXAMPLE",
};

/** An HTTP request, as API Gateway receives it. */
export interface HttpMessage {
	readonly method: string;
	readonly path: string;
	/** Without the question mark. */
	readonly query?: string;
	/** Names in lower case. */
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: Buffer;
	readonly address?: string;
}

/**
 * The event that an HTTP API hands to a function. Its stage is `$default`, which adds nothing to the path.
 *
 * @see API Gateway Developer Guide, "AWS Lambda proxy integrations for HTTP APIs" (payload format version 2.0)
 */
export function toGatewayEvent(request: HttpMessage): APIGatewayProxyEventV2 {
	const { method, path, query = "", headers, body = Buffer.alloc(0), address = "127.0.0.1" } = request;
	const now = new Date();
	const isBase64Encoded = body.length > 0 && !isText(headers["content-type"]);
	const parameters = [...new URLSearchParams(query)];
	return {
		version: "2.0",
		routeKey: "$default",
		rawPath: path,
		rawQueryString: query,
		headers: { ...headers },
		queryStringParameters: parameters.length > 0 ? join(parameters) : undefined,
		requestContext: {
			accountId: "123456789012",
			apiId: "local",
			...(needsIam(method, path) && { authorizer: { iam: LOCAL_IAM } }),
			domainName: headers["host"] ?? "localhost",
			domainPrefix: "local",
			http: { method, path, protocol: "HTTP/1.1", sourceIp: address, userAgent: headers["user-agent"] ?? "" },
			requestId: randomUUID(),
			routeKey: "$default",
			stage: "$default",
			time: now.toISOString(),
			timeEpoch: now.getTime(),
		},
		body: body.length > 0 ? body.toString(isBase64Encoded ? "base64" : "utf8") : undefined,
		isBase64Encoded,
	};
}

/** API Gateway encodes every other type in base64. */
const isText = (type = ""): boolean => /^(text\/|application\/(json|xml|javascript)|[^;]+\+(json|xml))/i.test(type);

/** Repeated parameters are joined by a comma. */
function join(parameters: readonly (readonly [string, string])[]): Record<string, string> {
	const joined: Record<string, string> = {};
	for (const [name, value] of parameters)
		joined[name] = Object.hasOwn(joined, name) ? `${joined[name]},${value}` : value;
	return joined;
}

/** What an invocation of the trigger function returned or threw. */
export type TriggerOutcome = { readonly returned: unknown } | { readonly error: unknown };

export interface PlainReply {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
}

/** Whether a function's result is an HTTP reply, and not the name of a run. */
export const isReply = (returned: unknown): boolean => isRecord(returned) && "statusCode" in returned;

/**
 * Reads what a function returned for a request. A result without `statusCode` is itself the body of a 200.
 *
 * @see API Gateway Developer Guide, "Format of the response" (payload format version 2.0)
 */
export function readFunctionReply(returned: unknown): PlainReply {
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
