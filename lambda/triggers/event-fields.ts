import { InputError, type InputFault } from "../domain/errors.ts";
import { readSnapshotRequest, type SnapshotRequest } from "../domain/request.ts";
import { nameRun, type Run } from "../domain/run.ts";

/** A name as AWS allows it: 1 to 2,048 characters, none of them a control character or an unpaired surrogate. */
export const isAwsName = (input: unknown): input is string =>
	typeof input === "string" && /^[^\p{Cc}\p{Cs}]{1,2048}$/u.test(input);

/** A date and time with its offset, as AWS writes them (RFC 3339 §5.6, seconds may be left out). */
export const isIsoTime = (input: unknown): input is string =>
	isAwsName(input) &&
	/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(input) &&
	!Number.isNaN(Date.parse(input));

export const eventInvalid = (...faults: readonly InputFault[]): InputError =>
	new InputError("EVENT_INVALID", "event", faults);

/**
 * Reads the request that an event carries in one of its fields.
 *
 * @throws InputError `REQUEST_INVALID`, whose pointers lead into the event
 */
export function readRequestAt(field: string, input: unknown): SnapshotRequest {
	try {
		return readSnapshotRequest(input);
	} catch (error) {
		if (!(error instanceof InputError)) throw error;
		const faults = error.faults.map(({ pointer, detail }) => ({ pointer: `/${field}${pointer}`, detail }));
		throw new InputError("REQUEST_INVALID", "event", faults);
	}
}

/**
 * The run of one slot: one firing of one schedule, or of one rule with a schedule expression. ARN and time are the same
 * for every delivery of a firing.
 *
 * @param arn of the schedule or rule; its name is the part after the last slash, if there is one
 * @param slot the scheduled time, as it was delivered
 */
export const runOfSlot = (stack: string, arn: string, slot: string, request: SnapshotRequest): Run => ({
	run: nameRun({ stack, trigger: "schedule", caller: arn, key: slot }),
	trigger: "schedule",
	requestedBy: `schedule:${arn.split("/").at(-1) || arn}`,
	slot,
	request,
});
