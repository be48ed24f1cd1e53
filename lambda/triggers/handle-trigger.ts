import { ServiceError } from "../domain/errors.ts";
import { LOCAL_CALLER, type Run } from "../domain/run.ts";
import type { Runs } from "../executions/runs.ts";
import { type EventOptions, readEvent } from "./events.ts";
import { type GatewayReply, isGatewayEvent, readGatewayEvent, toGatewayReply } from "./http/api-gateway.ts";
import type { HttpRouter } from "./http/request.ts";
import type { EventLogEntry } from "./trigger-log.ts";

export interface TriggerDependencies extends EventOptions {
	readonly router: HttpRouter;
	readonly runs: Pick<Runs, "start">;
	/** Called for every event, whether it started a run or was refused. */
	readonly onEvent: (entry: EventLogEntry) => void;
}

export interface Invocation {
	/** Epoch milliseconds at which the function times out. */
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
	dependencies: TriggerDependencies,
	event: unknown,
	{ replyBy, isLocal = false }: Invocation,
): Promise<TriggerResult> {
	const { router, runs, onEvent } = dependencies;
	if (isGatewayEvent(event)) {
		const request = readGatewayEvent(event, replyBy);
		return toGatewayReply(await router(isLocal ? { ...request, caller: LOCAL_CALLER } : request));
	}
	let run: Run | undefined;
	try {
		run = readEvent(event, dependencies);
		await runs.start(run);
		onEvent({ run });
		return { run: run.run };
	} catch (error) {
		onEvent({ run, error });
		throw withoutDetails(error);
	}
}

function withoutDetails(error: unknown): Error {
	const known = error instanceof ServiceError;
	const thrown = new Error(known ? error.message : "the event could not be received; see the log");
	thrown.name = known ? error.name : "TRIGGER_FAILED";
	thrown.stack = `${thrown.name}: ${thrown.message}`;
	return thrown;
}
