import { InputError, unknownFields } from "../domain/errors.ts";
import type { JsonObject } from "../domain/json.ts";
import type { SnapshotRequest } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
import { eventInvalid, isAwsName, isIsoTime, readRequestAt, runOfSlot } from "./event-fields.ts";

const KNOWN_FIELDS = { request: true, schedule: true, scheduledTime: true };

/** Only this service's own schedules send these two fields. */
export const isSchedulerInput = (event: JsonObject): boolean => "schedule" in event || "scheduledTime" in event;

/**
 * Reads the input of an EventBridge Scheduler schedule. The run is named after the slot, which is the same for every
 * delivery of a firing. Scheduler's execution id is not: it is new at every attempt.
 *
 * @throws InputError `EVENT_INVALID`, naming every fault at once
 * @see EventBridge Scheduler User Guide, "Adding context attributes"
 */
export function readSchedulerInput(event: JsonObject, stack: string): Run {
	const { schedule, scheduledTime } = event;
	const faults = unknownFields(event, KNOWN_FIELDS);
	if (!isAwsName(schedule) || schedule.startsWith("<aws.")) {
		faults.push({ pointer: "/schedule", detail: "must be the schedule's ARN (<aws.scheduler.schedule-arn>)" });
	}
	if (!isIsoTime(scheduledTime)) {
		const detail = "must be a date and time in ISO 8601 (<aws.scheduler.scheduled-time>)";
		faults.push({ pointer: "/scheduledTime", detail });
	}
	let request: SnapshotRequest | undefined;
	try {
		request = readRequestAt("request", event["request"]);
	} catch (error) {
		if (!(error instanceof InputError)) throw error;
		faults.push(...error.faults);
	}
	if (request && faults.length === 0 && isAwsName(schedule) && isIsoTime(scheduledTime)) {
		return runOfSlot(stack, schedule, scheduledTime, request);
	}
	throw eventInvalid(...faults);
}
