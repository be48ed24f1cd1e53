import { isObject } from "../domain/json.ts";
import type { SnapshotRequest } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
import { isEnvelope, readEnvelope } from "./event-bridge.ts";
import { refuse } from "./event-shape.ts";
import { isSchedulerInput, readSchedulerInput } from "./scheduler-input.ts";

/**
 * Reads the run that an asynchronous event asks for. The same event gives the same run, byte for byte.
 *
 * @param stack the stack's name
 * @throws InputError `EVENT_INVALID` for events that are not ours to carry out, `REQUEST_INVALID` for faulty requests
 */
export function readRun(event: unknown, stack: string, defaultRequest?: SnapshotRequest): Run {
	if (!isObject(event)) throw refuse({ pointer: "", detail: "must be a JSON object" });
	if (isSchedulerInput(event)) return readSchedulerInput(event, stack);
	if (isEnvelope(event)) return readEnvelope(event, stack, defaultRequest);
	if ("Records" in event) {
		throw refuse({
			pointer: "/Records",
			detail: "must be absent: records of queues, topics and buckets are no requests",
		});
	}
	throw refuse({
		pointer: "",
		detail:
			"must be Scheduler input (request, schedule, scheduledTime), an EventBridge event or an API Gateway request",
	});
}
