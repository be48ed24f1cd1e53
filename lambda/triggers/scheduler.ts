import { InputError, type InputFault, unknownFields } from "../domain/errors.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Run } from "../domain/run.ts";
import { eventInvalid, isAwsName, isIsoTime, readRequestAt, runOfSlot } from "./events.ts";

const KNOWN = { request: true, schedule: true, scheduledTime: true };

/** Nothing but our own schedules sends these two fields. */
export const isSchedulerInput = (event: JsonObject): boolean => "schedule" in event || "scheduledTime" in event;

/**
 * Reads what EventBridge Scheduler sends. The run is named after the slot, which stays the same however often the
 * firing is delivered; Scheduler's execution id would not (it is new at every attempt).
 *
 * @throws InputError `EVENT_INVALID` or `REQUEST_INVALID`, naming every fault at once
 * @see EventBridge Scheduler User Guide, "Adding context attributes"
 */
export function readSchedulerInput(event: JsonObject, stack: string): Run {
	const { schedule, scheduledTime } = event;
	const faults: InputFault[] = unknownFields(event, KNOWN);
	if (!isAwsName(schedule) || schedule.startsWith("<aws.")) {
		faults.push({ pointer: "/schedule", detail: "must be the schedule's ARN (<aws.scheduler.schedule-arn>)" });
	}
	if (!isIsoTime(scheduledTime)) {
		faults.push({
			pointer: "/scheduledTime",
			detail: "must be a date and time in ISO 8601 (<aws.scheduler.scheduled-time>)",
		});
	}
	const request = orFaults(() => readRequestAt("request", event["request"]), faults);
	if (request === undefined || faults.length > 0 || !isAwsName(schedule) || !isIsoTime(scheduledTime)) {
		throw eventInvalid(...faults);
	}
	return runOfSlot(stack, schedule, scheduledTime, request);
}

function orFaults<T>(read: () => T, faults: InputFault[]): T | undefined {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof InputError)) throw error;
		faults.push(...error.faults);
		return undefined;
	}
}
