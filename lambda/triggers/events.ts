import { InputError, type InputFault } from "../domain/errors.ts";
import { isRecord } from "../domain/json.ts";
import { readSnapshotRequest, type SnapshotRequest } from "../domain/request.ts";
import { nameRun, type Run } from "../domain/run.ts";
import { isEventBridgeEvent, readEventBridgeEvent } from "./event-bridge.ts";
import { isSchedulerInput, readSchedulerInput } from "./scheduler.ts";

/**
 * Reads the run that an asynchronous event asks for. The same event gives the same run, byte for byte.
 *
 * @param stack the stack's name
 * @throws InputError `EVENT_INVALID` for events that are not ours to carry out, `REQUEST_INVALID` for faulty requests
 */
export function readEvent(event: unknown, stack: string, defaultRequest?: SnapshotRequest): Run {
	if (!isRecord(event)) throw eventInvalid({ pointer: "", detail: "must be a JSON object" });
	if (isSchedulerInput(event)) return readSchedulerInput(event, stack);
	if (isEventBridgeEvent(event)) return readEventBridgeEvent(event, stack, defaultRequest);
	if ("Records" in event) {
		throw eventInvalid({
			pointer: "/Records",
			detail: "must be absent: records of queues, topics and buckets are no requests",
		});
	}
	throw eventInvalid({
		pointer: "",
		detail:
			"must be Scheduler input (request, schedule, scheduledTime), an EventBridge event or an API Gateway request",
	});
}

/** A name of AWS's: 1 to 2,048 characters, none of them a control character or an unpaired surrogate. */
export const isAwsName = (input: unknown): input is string =>
	typeof input === "string" && /^[^\p{Cc}\p{Cs}]{1,2048}$/u.test(input);

/** A date and time with its offset, as AWS writes them (RFC 3339 §5.6, seconds may be left out). */
export const isIsoTime = (input: unknown): input is string =>
	isAwsName(input) &&
	/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(input) &&
	!Number.isNaN(Date.parse(input));

export function eventInvalid(...faults: readonly InputFault[]): InputError {
	return new InputError("EVENT_INVALID", "event", faults);
}

/** Reads the request that an event carries in one of its fields; faults point into the event. */
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
 * The run of one firing of one schedule, or of one rule with a schedule expression. Both the ARN and the time stay the
 * same however often the firing is delivered.
 *
 * @param arn of the schedule or rule; its name is the part after the last slash, if there is one
 * @param slot the scheduled time, as it was delivered
 */
export function runOfSlot(stack: string, arn: string, slot: string, request: SnapshotRequest): Run {
	const name = arn.split("/").at(-1) || arn;
	return {
		run: nameRun({ stack, trigger: "schedule", caller: arn, key: slot }),
		trigger: "schedule",
		requestedBy: `schedule:${name}`,
		slot,
		request,
	};
}
