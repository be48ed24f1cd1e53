import type * as v from "valibot";
import { type AtlasErrorCode, type ErrorInfo, TARGET_ERRORS } from "./error-table.ts";

/**
 * Every way in which this service fails. The code is the error's `name`, because `name` and `message` are all that a
 * durable checkpoint keeps of an error.
 */
export type ErrorCode =
	/** What a caller sent, or what the operator configured. */
	| "REQUEST_INVALID"
	| "EVENT_INVALID"
	| "CONFIG_INVALID"
	/** A limit of the operator forbids a caller's request. */
	| "NOT_ALLOWED"
	| "SECRET_UNREADABLE"
	| "SECRET_INVALID"
	| "SIGNATURE_INVALID"
	| "RUN_NAME_TAKEN"
	| "RUN_NOT_FOUND"
	/** AWS did not do its part; worth another try. */
	| "START_FAILED"
	| "READ_FAILED"
	| "PUBLISH_FAILED"
	/** Targets of a run ended otherwise than completed or skipped. */
	| "RUN_INCOMPLETE"
	| AtlasErrorCode;

/** An error of the closed vocabulary. The message says what to do and holds no value that could be secret. */
export class ServiceError extends Error {
	override readonly name: ErrorCode;
	/** Whether time may cure it, as it does a throttled or broken service. */
	readonly transient: boolean;
	/** Whether what was asked for may have been carried out all the same. */
	readonly executed: Executed;

	constructor(
		code: ErrorCode,
		message: string,
		options?: ErrorOptions & { readonly transient?: boolean; readonly executed?: Executed },
	) {
		super(message, options);
		this.name = code;
		this.transient = options?.transient ?? false;
		this.executed = options?.executed ?? "no";
	}

	/** The same error, but for {@link executed}: one error may be shared by calls that differ in it. */
	asExecuted(executed: Executed): ServiceError {
		const { name, message, cause, transient } = this;
		return new ServiceError(name, message, { cause, transient, executed });
	}
}

type Executed = "no" | "unknown";

/** What is known of a request to Atlas that failed. */
export interface AtlasFault {
	readonly code: AtlasErrorCode;
	/** HTTP status, where a reply came. */
	readonly status?: number | undefined;
	/** Atlas's own `errorCode`, where the reply held one. */
	readonly errorCode?: string | undefined;
	/** Who must act. @default as the code's entry of the table says */
	readonly blame: ErrorInfo["blame"];
	/** Whether Atlas may have carried the request out all the same. @default "no" */
	readonly executed: Executed;
	/** Whole seconds, from Retry-After. */
	readonly retryAfterSeconds?: number | undefined;
}

/** A request to Atlas that failed. */
export class AtlasError extends ServiceError {
	readonly fault: AtlasFault;

	constructor(input: Pick<AtlasFault, "code"> & Partial<AtlasFault>, message: string, options?: ErrorOptions) {
		const { blame = TARGET_ERRORS[input.code].blame, executed = "no" } = input;
		const fault = { ...input, blame, executed };
		super(fault.code, message, { ...options, transient: fault.blame === "transient", executed: fault.executed });
		this.fault = fault;
	}

	override asExecuted(executed: Executed): AtlasError {
		return new AtlasError({ ...this.fault, executed }, this.message, { cause: this.cause });
	}
}

/** One fault of an input: where, as a JSON Pointer (RFC 6901), and which rule it breaks. */
export interface InputFault {
	readonly pointer: string;
	readonly detail: string;
}

/** Faults of a caller's input that are listed: a reply or a line of the log must not grow with what came in. */
export const MAX_FAULTS = 20;

/** An input that breaks rules. All of them are listed; a caller gets up to {@link MAX_FAULTS}. No value is quoted. */
export class InputError extends ServiceError {
	readonly faults: readonly InputFault[];

	constructor(
		code: "NOT_ALLOWED" | "REQUEST_INVALID" | "EVENT_INVALID" | "CONFIG_INVALID" | "SECRET_INVALID",
		subject: string,
		faults: readonly InputFault[],
	) {
		const listed = code === "CONFIG_INVALID" ? faults : faults.slice(0, MAX_FAULTS);
		const sentences = listed.map(({ pointer, detail }) =>
			pointer === "" ? detail : `${pointer.slice(1).replaceAll("/", ".")} ${detail}`,
		);
		if (faults.length > listed.length) sentences.push(`and ${faults.length - listed.length} more`);
		super(code, `${subject}: ${sentences.join("; ")}`);
		this.faults = listed;
	}
}

/** Characters of one key that a pointer quotes: the sender chose it. */
const KEY_LENGTH = 40;

/**
 * Every field of an object that a schema does not know, by name: the schema library's strict object stops at the first.
 * To that library a list is an object; here it is none.
 */
export function unknownFields(input: unknown, known: object, pointer = ""): InputFault[] {
	if (typeof input !== "object" || input === null) return [];
	if (Array.isArray(input)) return [{ pointer, detail: "must be a JSON object" }];
	return Object.keys(input)
		.filter((key) => !Object.hasOwn(known, key))
		.map((key) => ({ pointer: `${pointer}/${escapePointer(key)}`, detail: "is not known" }));
}

/**
 * Turns what the schema library found into faults: the path as a JSON Pointer (RFC 6901) and our own sentence. The
 * library's sentences quote what they received, so each schema must bring a message of its own.
 */
export function toFaults(issues: readonly v.BaseIssue<unknown>[]): InputFault[] {
	return issues.map((issue) => ({
		pointer: (issue.path ?? []).map(({ key }) => `/${escapePointer(String(key))}`).join(""),
		detail: issue.message,
	}));
}

/** A long key is cut: it would make a reply or a line of the log as long as whoever sends it likes. */
export const escapePointer = (key: string): string =>
	(key.length > KEY_LENGTH ? `${key.slice(0, KEY_LENGTH)}…` : key).replaceAll("~", "~0").replaceAll("/", "~1");
