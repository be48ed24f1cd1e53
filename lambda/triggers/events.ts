import { InputError, type InputFault, unknownFields } from "../domain/errors.ts";
import { isRecord, type JsonObject } from "../domain/json.ts";
import { EVENT_SOURCE } from "../domain/outcome.ts";
import { readSnapshotRequest, type SnapshotRequest } from "../domain/request.ts";
import { nameRun, type Run } from "../domain/run.ts";

export interface EventOptions {
	/** The stack's name: runs are named after it. */
	readonly stack: string;
	/** Used for a `Scheduled Event` without a request. */
	readonly defaultRequest?: SnapshotRequest;
}

/**
 * Reads the run that an asynchronous event requests. Every delivery of the event gives the same run, byte for byte.
 *
 * @throws InputError `EVENT_INVALID` for events that request no run, `REQUEST_INVALID` for invalid requests
 */
export function readEvent(event: unknown, options: EventOptions): Run {
	if (!isRecord(event)) throw eventInvalid("", "must be a JSON object");
	// Only this service's own schedules send these two fields.
	if ("schedule" in event || "scheduledTime" in event) return readSchedulerInput(event, options.stack);
	if ("detail-type" in event && "source" in event) return readEventBridgeEvent(event, options);
	if ("Records" in event) {
		throw eventInvalid("/Records", "must be absent: records of queues, topics and buckets are no requests");
	}
	throw eventInvalid(
		"",
		"must be Scheduler input (request, schedule, scheduledTime), an EventBridge event or an API Gateway request",
	);
}

const SCHEDULER_FIELDS = { request: true, schedule: true, scheduledTime: true };

/**
 * Reads the input of an EventBridge Scheduler schedule. Scheduler's execution id cannot name the run: it is new at every
 * attempt. All faults are reported at once.
 *
 * @see EventBridge Scheduler User Guide, "Adding context attributes"
 */
function readSchedulerInput(event: JsonObject, stack: string): Run {
	const { schedule, scheduledTime } = event;
	const faults = unknownFields(event, SCHEDULER_FIELDS);
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
	throw new InputError("EVENT_INVALID", "event", faults);
}

/** Sources of `Scheduled Event`: a rule with a schedule expression, and a Scheduler schedule without an input. */
const SCHEDULE_SOURCES = new Set(["aws.events", "aws.scheduler"]);

/**
 * Reads an EventBridge event. Its run is named after its `id`, or for a `Scheduled Event` after rule and time.
 *
 * @see EventBridge User Guide, "Events" (the standard fields)
 */
function readEventBridgeEvent(event: JsonObject, options: EventOptions): Run {
	const { source, id } = event;
	if (!isAwsName(source)) throw eventInvalid("/source", "must be a string");
	if (SCHEDULE_SOURCES.has(source) && event["detail-type"] === "Scheduled Event") {
		return readScheduledEvent(event, options);
	}
	if (source.startsWith("aws.")) {
		throw eventInvalid("/source", "must not be an AWS service: its events are no requests");
	}
	if (source === EVENT_SOURCE) {
		throw eventInvalid("/source", "must not be this service: an outcome is no request");
	}
	if (!isAwsName(id)) throw eventInvalid("/id", "is missing: the run is named after it");
	const request = readRequestAt("detail", event["detail"]);
	const run = nameRun({ stack: options.stack, trigger: "event", caller: source, key: id });
	return { run, trigger: "event", requestedBy: `event:${source}`, request };
}

function readScheduledEvent(event: JsonObject, { stack, defaultRequest }: EventOptions): Run {
	const { time, detail } = event;
	const rule = Array.isArray(event["resources"]) ? event["resources"][0] : undefined;
	if (!isAwsName(rule)) throw eventInvalid("/resources/0", "must be the ARN of the rule");
	if (!isIsoTime(time)) throw eventInvalid("/time", "must be a date and time in ISO 8601");
	// Scheduler sends the text `{}` where a rule sends an empty object.
	const isEmpty = (detail ?? "{}") === "{}" || (isRecord(detail) && Object.keys(detail).length === 0);
	const request = isEmpty ? defaultRequest : readRequestAt("detail", detail);
	if (request === undefined) {
		throw eventInvalid("/detail", "must hold a request, since DEFAULT_REQUEST is not configured");
	}
	return runOfSlot(stack, rule, time, request);
}

/**
 * The run of one slot: one firing of a schedule, or of a rule with a schedule expression.
 *
 * @param arn of the schedule or rule; its name is the part after the last slash
 * @param slot the scheduled time, as it was delivered
 */
const runOfSlot = (stack: string, arn: string, slot: string, request: SnapshotRequest): Run => ({
	run: nameRun({ stack, trigger: "schedule", caller: arn, key: slot }),
	trigger: "schedule",
	requestedBy: `schedule:${arn.split("/").at(-1) || arn}`,
	slot,
	request,
});

/** Reads the request in a field of an event; the pointers of its faults lead into the event. */
function readRequestAt(field: string, input: unknown): SnapshotRequest {
	try {
		return readSnapshotRequest(input);
	} catch (error) {
		if (!(error instanceof InputError)) throw error;
		const faults = error.faults.map(({ pointer, detail }) => ({ pointer: `/${field}${pointer}`, detail }));
		throw new InputError("REQUEST_INVALID", "event", faults);
	}
}

/** 1 to 2,048 characters, none of them a control character or an unpaired surrogate. */
const isAwsName = (input: unknown): input is string =>
	typeof input === "string" && /^[^\p{Cc}\p{Cs}]{1,2048}$/u.test(input);

/** A date and time with its offset (RFC 3339 §5.6); seconds may be absent. */
const isIsoTime = (input: unknown): input is string =>
	isAwsName(input) &&
	/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(input) &&
	!Number.isNaN(Date.parse(input));

const eventInvalid = (pointer: InputFault["pointer"], detail: string): InputError =>
	new InputError("EVENT_INVALID", "event", [{ pointer, detail }]);
