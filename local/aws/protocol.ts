import { isRecord, parseJson } from "../../lambda/domain/json.ts";
import type { HttpMessage } from "../gateway/event.ts";
import type { AwsFault } from "./server.ts";

/** A request as read off the socket. Its path is percent-encoded: an ARN in it may hold slashes. */
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

/** One call of a service. */
export interface ServiceOperation {
	/** As the service names it: `GetSecretValue`, `PutEvents`, `Invoke`. */
	readonly name: string;
	/** @throws AwsError */
	run(fault?: AwsFault): AwsReply | Promise<AwsReply>;
}

/** An error reply of a service; the SDK makes an exception of its `name`. */
export class AwsError extends Error {
	override readonly name: string;
	readonly status: number;

	constructor(name: string, status: number, message: string) {
		super(message);
		this.name = name;
		this.status = status;
	}
}

/** @see Smithy, error serialization: AWS JSON 1.1 reads `__type`, restJson1 the header */
export const toErrorReply = ({ name, status, message }: AwsError): AwsReply => ({
	status,
	headers: { "x-amzn-errortype": name },
	body: { __type: name, Type: status < 500 ? "User" : "Service", message, Message: message },
});

/** @throws AwsError `SerializationException` */
export function readJsonObject(body: Buffer): Readonly<Record<string, unknown>> {
	const input = parseJson(body.toString("utf8"));
	if (isRecord(input)) return input;
	throw new AwsError("SerializationException", 400, "the body must be a JSON object");
}

/** The account of AWS's own examples. */
export const REGION = "us-east-1";
export const ACCOUNT = "123456789012";

const FUNCTION = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:snapshot`;

/** The alias by which the durable function is invoked. */
export const FUNCTION_ARN = `${FUNCTION}:live`;

/** The version behind the alias, which runs an execution to its end. */
export const VERSION_ARN = `${FUNCTION}:1`;

/** Whether a function's name or ARN, with the `Qualifier` of the query if there is one, is the durable function. */
export function isDurableFunction(name: string, qualifier: string | null): boolean {
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
 * A history's event as JSON: times are seconds since 1970.
 *
 * @see AWS Lambda API, GetDurableExecutionHistory; Smithy, restJson1 (timestamps)
 */
export function toWire(value: unknown, withData = true): unknown {
	if (Object.prototype.toString.call(value) === "[object Date]") return Number(value) / 1000;
	if (Array.isArray(value)) return value.map((member) => toWire(member, withData));
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([key]) => withData || !DATA.has(key))
			.map(([key, member]) => [key, toWire(member, withData)]),
	);
}
