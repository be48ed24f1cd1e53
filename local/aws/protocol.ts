import type { HttpMessage } from "../gateway/payload.ts";
import { isRecord, parseJson } from "../json.ts";
import type { AwsFault } from "./faults.ts";

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
