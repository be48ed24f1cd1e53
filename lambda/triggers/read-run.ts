import type { Order } from "../domain/order.ts";
import type { Run } from "../domain/run.ts";
import { isEnvelope, readEnvelope } from "./event-bridge.ts";
import { isFields, refuse } from "./event-shape.ts";
import { isSchedulerInput, readSchedulerInput } from "./scheduler-input.ts";

/**
 * Reads the run that an asynchronous event asks for. The same event gives the same run, byte for byte.
 *
 * @throws InputError `EVENT_INVALID` for events that are not ours to carry out, `ORDER_INVALID` for faulty orders
 */
export function readRun(event: unknown, defaultOrder?: Order): Run {
	if (!isFields(event)) throw refuse({ pointer: "", detail: "must be a JSON object" });
	if (isSchedulerInput(event)) return readSchedulerInput(event);
	if (isEnvelope(event)) return readEnvelope(event, defaultOrder);
	if ("Records" in event) {
		throw refuse({
			pointer: "/Records",
			detail: "must be absent: records of queues, topics and buckets are no orders",
		});
	}
	throw refuse({
		pointer: "",
		detail: "must be Scheduler input (order, schedule, scheduledTime), an EventBridge event or an API Gateway request",
	});
}
