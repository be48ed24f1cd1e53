import { InputError } from "./errors.ts";
import { readSnapshotRequest } from "./request.ts";
import type { Run, Trigger } from "./run.ts";

const TRIGGERS: readonly Trigger[] = ["schedule", "event", "http"];

/**
 * Reads a run as the trigger function sends it. Someone may also start the durable function by hand, so nothing of it
 * is taken on trust.
 *
 * @throws InputError `EVENT_INVALID` or `REQUEST_INVALID`
 */
export function readRun(input: unknown): Run {
	const { run, trigger, slot, request }: Partial<Record<keyof Run, unknown>> =
		typeof input === "object" && input !== null ? input : {};
	const known = TRIGGERS.find((name) => name === trigger);
	const faults = [
		...(typeof run === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(run)
			? []
			: [{ pointer: "/run", detail: "must be a run's name: 1 to 64 letters, digits, hyphens or underscores" }]),
		...(known ? [] : [{ pointer: "/trigger", detail: "must be schedule, event or http" }]),
		...(slot === undefined || typeof slot === "string" ? [] : [{ pointer: "/slot", detail: "must be a string" }]),
	];
	if (faults.length > 0 || known === undefined) throw new InputError("EVENT_INVALID", "run", faults);
	return {
		run: String(run),
		trigger: known,
		...(typeof slot === "string" ? { slot } : {}),
		request: readSnapshotRequest(request),
	};
}
