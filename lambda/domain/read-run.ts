import { InputError } from "./errors.ts";
import { readSnapshotRequest } from "./request.ts";
import type { RequestedBy, Run, Trigger } from "./run.ts";

/** Who may have asked by each trigger: names without control characters and unpaired surrogates. */
const CALLERS: Readonly<Record<Trigger, RegExp>> = {
	schedule: /^schedule:[^\p{Cc}\p{Cs}]{1,2048}$/u,
	event: /^event:[^\p{Cc}\p{Cs}]{1,2048}$/u,
	http: /^(?:(?:iam|hook):[^\p{Cc}\p{Cs}]{1,2048}|local)$/u,
};

const isTrigger = (input: unknown): input is Trigger => typeof input === "string" && Object.hasOwn(CALLERS, input);

/** Whether it is a caller who can have asked by this trigger. */
const isCallerOf = (trigger: Trigger, input: unknown): input is RequestedBy =>
	typeof input === "string" && CALLERS[trigger].test(input);

/**
 * Reads a run as the trigger function sends it. Someone may also start the durable function by hand, so nothing of it
 * is taken on trust.
 *
 * @throws InputError `EVENT_INVALID` or `REQUEST_INVALID`
 */
export function readRun(input: unknown): Run {
	const { run, trigger, requestedBy, slot, request }: Partial<Record<keyof Run, unknown>> =
		typeof input === "object" && input !== null ? input : {};
	const known = isTrigger(trigger) ? trigger : undefined;
	const caller = known !== undefined && isCallerOf(known, requestedBy) ? requestedBy : undefined;
	const faults = [
		...(typeof run === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(run)
			? []
			: [{ pointer: "/run", detail: "must be a run's name: 1 to 64 letters, digits, hyphens or underscores" }]),
		...(known ? [] : [{ pointer: "/trigger", detail: "must be schedule, event or http" }]),
		...(caller ? [] : [{ pointer: "/requestedBy", detail: "must be who asked, of a kind that goes with the trigger" }]),
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
