import { isRecord, type JsonObject } from "../domain/json.ts";
import { EVENT_SOURCE } from "../domain/outcome.ts";
import type { SnapshotRequest } from "../domain/request.ts";
import { nameRun, type Run } from "../domain/run.ts";
import { eventInvalid, isAwsName, isIsoTime, readRequestAt, runOfSlot } from "./event-fields.ts";

/** Sources of `Scheduled Event`: a rule with a schedule expression, and a Scheduler schedule without an input. */
const SCHEDULE_SOURCES = new Set(["aws.events", "aws.scheduler"]);

export const isEventBridgeEvent = (event: JsonObject): boolean => "detail-type" in event && "source" in event;

/**
 * Reads an EventBridge event. Its run is named after its `id`, that of a `Scheduled Event` after rule and time: these are
 * the same for every delivery.
 *
 * @param defaultRequest carried out for a `Scheduled Event` without a request
 * @throws InputError `EVENT_INVALID` or `REQUEST_INVALID`
 * @see EventBridge User Guide, "Events" (the standard fields)
 */
export function readEventBridgeEvent(event: JsonObject, stack: string, defaultRequest?: SnapshotRequest): Run {
	const { source } = event;
	if (!isAwsName(source)) throw eventInvalid({ pointer: "/source", detail: "must be a string" });
	if (SCHEDULE_SOURCES.has(source) && event["detail-type"] === "Scheduled Event") {
		return readScheduledEvent(event, stack, defaultRequest);
	}
	if (source.startsWith("aws.")) {
		throw eventInvalid({ pointer: "/source", detail: "must not be an AWS service: its events are no requests" });
	}
	if (source === EVENT_SOURCE) {
		throw eventInvalid({ pointer: "/source", detail: "must not be this service: an outcome is no request" });
	}
	const { id } = event;
	if (!isAwsName(id)) throw eventInvalid({ pointer: "/id", detail: "is missing: the run is named after it" });
	const request = readRequestAt("detail", event["detail"]);
	const run = nameRun({ stack, trigger: "event", caller: source, key: id });
	return { run, trigger: "event", requestedBy: `event:${source}`, request };
}

function readScheduledEvent(event: JsonObject, stack: string, defaultRequest: SnapshotRequest | undefined): Run {
	const { time } = event;
	const rule = Array.isArray(event["resources"]) ? event["resources"][0] : undefined;
	if (!isAwsName(rule)) throw eventInvalid({ pointer: "/resources/0", detail: "must be the ARN of the rule" });
	if (!isIsoTime(time)) throw eventInvalid({ pointer: "/time", detail: "must be a date and time in ISO 8601" });
	const request = isEmpty(event["detail"]) ? defaultRequest : readRequestAt("detail", event["detail"]);
	if (request === undefined) {
		throw eventInvalid({ pointer: "/detail", detail: "must hold a request, since DEFAULT_REQUEST is not configured" });
	}
	return runOfSlot(stack, rule, time, request);
}

/** Scheduler sends the text `{}` where a rule sends an empty object. */
const isEmpty = (detail: unknown): boolean =>
	detail === undefined || detail === null || detail === "{}" || (isRecord(detail) && Object.keys(detail).length === 0);
