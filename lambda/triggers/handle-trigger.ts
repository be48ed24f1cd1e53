import { ServiceError } from "../domain/errors.ts";
import { isRecord } from "../domain/json.ts";
import type { SnapshotRequest } from "../domain/request.ts";
import { LOCAL_CALLER, type Run } from "../domain/run.ts";
import type { Runs } from "../executions/runs.ts";
import { isEventBridgeEvent, readEventBridgeEvent } from "./event-bridge.ts";
import { eventInvalid } from "./event-fields.ts";
import { type GatewayReply, isGatewayEvent, readGatewayEvent, toGatewayReply } from "./http/api-gateway.ts";
import type { HttpRouter } from "./http/request.ts";
import { isSchedulerInput, readSchedulerInput } from "./scheduler.ts";
import type { EventLogEntry } from "./trigger-log.ts";

export interface TriggerDependencies {
	readonly router: HttpRouter;
	readonly runs: Pick<Runs, "start">;
	/** The stack's name: runs are named after it. */
	readonly stack: string;
	readonly defaultRequest?: SnapshotRequest;
	/** Called for every event, whether it started a run or was refused. */
	readonly onEvent: (entry: EventLogEntry) => void;
}

export interface Invocation {
	/** Epoch milliseconds at which the function's time is over. */
	readonly replyBy: number;
	/** Whether `npm start` was called with command line flags: the caller is then the operator. */
	readonly isLocal?: boolean;
}

/** What the trigger function returns: a reply to API Gateway, or for everyone else the name of the run. */
export type TriggerResult = GatewayReply | { readonly run: string };

/**
 * Handles one invocation of the trigger function. An HTTP request always gets a reply. An event starts a run or throws:
 * Lambda retries a failed invocation, and then sends the event to the dead-letter queue.
 *
 * @throws Error for events only, with name and message of the failure alone: Lambda logs every other property
 */
export async function handleTrigger(
	{ router, runs, stack, defaultRequest, onEvent }: TriggerDependencies,
	event: unknown,
	{ replyBy, isLocal = false }: Invocation,
): Promise<TriggerResult> {
	if (isGatewayEvent(event)) {
		const request = readGatewayEvent(event, replyBy);
		return toGatewayReply(await router(isLocal ? { ...request, caller: LOCAL_CALLER } : request));
	}
	let run: Run | undefined;
	try {
		run = readEvent(event, stack, defaultRequest);
		await runs.start(run);
		onEvent({ run });
		return { run: run.run };
	} catch (error) {
		onEvent({ run, error });
		throw withoutDetails(error);
	}
}

/**
 * Reads the run that an asynchronous event asks for. The same event gives the same run, byte for byte.
 *
 * @param stack the stack's name
 * @throws InputError `EVENT_INVALID` for events that ask for no run, `REQUEST_INVALID` for faulty requests
 */
export function readEvent(event: unknown, stack: string, defaultRequest?: SnapshotRequest): Run {
	if (!isRecord(event)) throw eventInvalid({ pointer: "", detail: "must be a JSON object" });
	if (isSchedulerInput(event)) return readSchedulerInput(event, stack);
	if (isEventBridgeEvent(event)) return readEventBridgeEvent(event, stack, defaultRequest);
	if ("Records" in event) {
		const detail = "must be absent: records of queues, topics and buckets are no requests";
		throw eventInvalid({ pointer: "/Records", detail });
	}
	const detail =
		"must be Scheduler input (request, schedule, scheduledTime), an EventBridge event or an API Gateway request";
	throw eventInvalid({ pointer: "", detail });
}

function withoutDetails(error: unknown): Error {
	const known = error instanceof ServiceError;
	const thrown = new Error(known ? error.message : "the event could not be received; see the log");
	thrown.name = known ? error.name : "TRIGGER_FAILED";
	thrown.stack = `${thrown.name}: ${thrown.message}`;
	return thrown;
}
