import { ServiceError } from "../domain/errors.ts";
import type { SnapshotRequest } from "../domain/request.ts";
import { LOCAL_CALLER, type Run } from "../domain/run.ts";
import type { Engine } from "../engine/engine.ts";
import { type GatewayReply, isGatewayEvent, readGatewayEvent, toGatewayReply } from "../http/api-gateway.ts";
import type { Face } from "../http/request.ts";
import { readRun } from "./read-run.ts";

export interface Reception {
	readonly face: Face;
	readonly start: Engine["start"];
	/** The stack's name: runs are named after it. */
	readonly stack: string;
	readonly defaultRequest?: SnapshotRequest;
	/** Hears of every run that an event started, or why it did not. */
	readonly hear: (heard: { readonly run?: Run; readonly error?: unknown }) => void;
}

/** What the trigger function returns: a reply to API Gateway, or for everyone else the name of the run. */
export type Received = GatewayReply | { readonly run: string };

/**
 * Takes whatever reaches the trigger function. An HTTP request is always answered. An event is carried out or thrown
 * back: only by a failed invocation do Lambda's retries and the dead-letter queue hear of it.
 *
 * @param replyBy epoch milliseconds by which the function's time is over
 * @param local whether the person at this machine's terminal asks
 * @throws ServiceError for events only; of its name and message alone, for Lambda logs whatever else it holds
 */
export async function receive(reception: Reception, event: unknown, replyBy: number, local = false): Promise<Received> {
	if (isGatewayEvent(event)) {
		const request = readGatewayEvent(event, replyBy);
		return toGatewayReply(await reception.face(local ? { ...request, caller: LOCAL_CALLER } : request));
	}
	let run: Run | undefined;
	try {
		run = readRun(event, reception.stack, reception.defaultRequest);
		await reception.start(run);
		reception.hear({ run });
		return { run: run.run };
	} catch (error) {
		reception.hear({ ...(run && { run }), error });
		throw bare(error);
	}
}

function bare(error: unknown): Error {
	const known = error instanceof ServiceError;
	const thrown = new Error(known ? error.message : "the event could not be received; see the log");
	thrown.name = known ? error.name : "TRIGGER_FAILED";
	thrown.stack = `${thrown.name}: ${thrown.message}`;
	return thrown;
}
