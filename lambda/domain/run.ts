import { createHash } from "node:crypto";
import { InputError } from "./errors.ts";
import { readSnapshotRequest, type SnapshotRequest } from "./request.ts";

/** What started a run. */
export type Trigger = "schedule" | "event" | "http";

/**
 * Who requested it: a schedule or rule by its name, the source of an event, the ARN of an IAM user or role (without the session
 * name), the name of a hook's key, or the person at this machine's terminal.
 */
export type RequestedBy =
	| `schedule:${string}`
	| `event:${string}`
	| `iam:${string}`
	| `hook:${string}`
	| typeof LOCAL_CALLER;

/** Requests by command line flags; nothing in AWS is requested by it. */
export const LOCAL_CALLER = "local";

/**
 * A run as it is started: the payload of the durable execution. It holds no clock reading and nothing random, so that a
 * second delivery of the same trigger yields the same bytes, by which AWS knows the twin.
 */
export interface Run {
	/** The name of the durable execution, and the last part of `/snapshots/{run}`. */
	readonly run: string;
	readonly trigger: Trigger;
	readonly requestedBy: RequestedBy;
	/** The scheduled time of a firing, as the schedule gave it; only of schedules. */
	readonly slot?: string;
	readonly request: SnapshotRequest;
}

/** What makes one trigger unique, in one account and region. */
export interface RunKey {
	/** The stack's name: execution names are shared by all stacks of an account and region. */
	readonly stack: string;
	readonly trigger: Trigger;
	/** Whose key it is: a schedule's or rule's ARN, an event's source, for HTTP {@link RequestedBy}. */
	readonly caller: string;
	/** Of a schedule the scheduled time, of an event its id, of an HTTP request the idempotency key. */
	readonly key: string;
}

/**
 * Names a run after what makes its trigger unique: whatever is delivered twice has the same name, and no caller can
 * reach the run of another, whichever key it chooses.
 *
 * @returns at most 64 characters of `[A-Za-z0-9-]`, as a durable execution's name must be
 */
export const nameRun = ({ stack, trigger, caller, key }: RunKey): string =>
	`${trigger}-${digest(stack, trigger, caller, key).slice(0, 32)}`;

/**
 * The only tag that an Atlas snapshot can carry: it ends the description, and by it we find our own again.
 *
 * @param run its name
 */
export const runMarker = (run: string, stack: string): string => ` [run:${digest(stack, run).slice(0, 16)}]`;

/** The description as Atlas gets it. */
export const snapshotDescription = (run: string, stack: string, request: SnapshotRequest): string =>
	`${request.description ?? "on demand"}${runMarker(run, stack)}`;

/** Of the parts as a JSON list: no two lists of parts give the same text. */
const digest = (...parts: readonly string[]): string =>
	createHash("sha256").update(JSON.stringify(parts)).digest("hex");

/** The callers of each trigger: names without control characters and unpaired surrogates. */
const CALLERS: Readonly<Record<Trigger, RegExp>> = {
	schedule: /^schedule:[^\p{Cc}\p{Cs}]{1,2048}$/u,
	event: /^event:[^\p{Cc}\p{Cs}]{1,2048}$/u,
	http: /^(?:(?:iam|hook):[^\p{Cc}\p{Cs}]{1,2048}|local)$/u,
};

const isTrigger = (input: unknown): input is Trigger => typeof input === "string" && Object.hasOwn(CALLERS, input);

/** Whether this trigger can have this caller. */
const isCallerOf = (trigger: Trigger, input: unknown): input is RequestedBy =>
	typeof input === "string" && CALLERS[trigger].test(input);

/**
 * Reads a run as the trigger function sends it. Someone may also start the durable function by hand, so nothing of it
 * is taken on trust.
 *
 * @throws InputError `EVENT_INVALID` or `REQUEST_INVALID`
 */
export function parseRun(input: unknown): Run {
	const { run, trigger, requestedBy, slot, request }: Partial<Record<keyof Run, unknown>> =
		typeof input === "object" && input !== null ? input : {};
	const known = isTrigger(trigger) ? trigger : undefined;
	const caller = known !== undefined && isCallerOf(known, requestedBy) ? requestedBy : undefined;
	const faults = [
		...(typeof run === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(run)
			? []
			: [{ pointer: "/run", detail: "must be a run's name: 1 to 64 letters, digits, hyphens or underscores" }]),
		...(known ? [] : [{ pointer: "/trigger", detail: "must be schedule, event or http" }]),
		...(caller ? [] : [{ pointer: "/requestedBy", detail: "must be a caller of this trigger" }]),
		...(slot === undefined || typeof slot === "string" ? [] : [{ pointer: "/slot", detail: "must be a string" }]),
	];
	if (faults.length > 0 || known === undefined || caller === undefined)
		throw new InputError("EVENT_INVALID", "run", faults);
	return {
		run: String(run),
		trigger: known,
		requestedBy: caller,
		...(typeof slot === "string" ? { slot } : {}),
		request: readSnapshotRequest(request),
	};
}
