import type { Event } from "@aws-sdk/client-lambda";
import { isRecord, parseJson } from "../../lambda/domain/json.ts";
import type { HttpMessage } from "../gateway/event.ts";
import type { AwsFault } from "./server.ts";

/** A request as it came over the socket; its path is still percent-encoded: an ARN in it holds slashes of its own. */
export interface AwsRequest extends Omit<HttpMessage, "query"> {
	readonly query: URLSearchParams;
	readonly body: Buffer;
}

export interface AwsReply {
	readonly status: number;
	readonly headers?: Readonly<Record<string, string>>;
	/** Sent as JSON; nothing is sent where it is undefined. */
	readonly body?: unknown;
}

/** One call of a service: which operation, and how it is carried out. */
export interface AwsOperation {
	/** As the service names it: `GetSecretValue`, `PutEvents`, `Invoke`. */
	readonly name: string;
	/** @throws AwsError */
	run(fault?: AwsFault): AwsReply | Promise<AwsReply>;
	/** How the service's protocol writes an error. */
	toErrorReply(error: AwsError): AwsReply;
}

/** An error that a service answers with; the SDK makes an exception of its `name`. */
export class AwsError extends Error {
	override readonly name: string;
	readonly status: number;

	constructor(name: string, status: number, message: string) {
		super(message);
		this.name = name;
		this.status = status;
	}
}

/** @see Smithy, AWS JSON 1.1 protocol (error serialization) */
export const toJsonError = ({ name, status, message }: AwsError): AwsReply => ({
	status,
	headers: { "content-type": "application/x-amz-json-1.1" },
	body: { __type: name, message, Message: message },
});

/** @see Smithy, AWS restJson1 protocol (error serialization) */
export const toRestError = ({ name, status, message }: AwsError): AwsReply => ({
	status,
	headers: { "x-amzn-errortype": name },
	body: { Type: status < 500 ? "User" : "Service", Message: message, message },
});

/** @throws AwsError `SerializationException` */
export function readJson(body: Buffer): Readonly<Record<string, unknown>> {
	const input = parseJson(body.toString("utf8"));
	if (isRecord(input)) return input;
	throw new AwsError("SerializationException", 400, "the body must be a JSON object");
}

/** Where the stand-ins are, in AWS's terms. The account is the one of AWS's own examples. */
export const REGION = "us-east-1";
export const ACCOUNT = "123456789012";

const FUNCTION = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:snapshot`;

/** The durable function's alias, as it is invoked. */
export const FUNCTION_ARN = `${FUNCTION}:live`;

/** The version behind the alias, which an execution is pinned to. */
export const VERSION_ARN = `${FUNCTION}:1`;

/** Whether a function's name or ARN, with the `Qualifier` of the query if there is one, is the durable function. */
export function isOurFunction(name: string, qualifier: string | null): boolean {
	const bare = name.replace(/^arn:aws:lambda:[^:]+:\d{12}:function:/, "");
	const [id, inName] = bare.split(":");
	const version = inName ?? qualifier;
	return id === "snapshot" && (version === null || version === "live" || version === "1");
}

/** Durable functions are invoked by a version or an alias, never by their bare name. */
export const isQualified = (name: string, qualifier: string | null): boolean =>
	qualifier !== null || /(?:^|:function:)[\w-]+:[\w$-]+$/.test(name);

/** What `IncludeExecutionData=false` leaves out. */
const DATA = new Set(["Payload", "Result", "Error", "Input"]);

/**
 * An event of a history as it goes over the wire: times as seconds since 1970.
 *
 * @see AWS Lambda API, GetDurableExecutionHistory; Smithy, restJson1 (timestamps)
 */
export const toWire = (event: Event, withData: boolean): unknown => rewrite(event, withData);

function rewrite(value: unknown, withData: boolean): unknown {
	if (Object.prototype.toString.call(value) === "[object Date]") return Number(value) / 1000;
	if (Array.isArray(value)) return value.map((member) => rewrite(member, withData));
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([key]) => withData || !DATA.has(key))
			.map(([key, member]) => [key, rewrite(member, withData)]),
	);
}
