import { ServiceError } from "../domain/errors.ts";
import type { SnapshotRequest } from "../domain/request.ts";
import { LOCAL_CALLER, type Run } from "../domain/run.ts";
import type { Runs } from "../executions/executions.ts";
import { readEvent } from "./events.ts";
import { type GatewayReply, isGatewayEvent, readGatewayEvent, toGatewayReply } from "./http/api-gateway.ts";
import { ProblemError } from "./http/problem.ts";
import type { HttpRouter } from "./http/request.ts";
import type { AnsweredRequest } from "./http/router.ts";

export interface TriggerDependencies {
	readonly face: HttpRouter;
	readonly start: Runs["start"];
	/** The stack's name: runs are named after it. */
	readonly stack: string;
	readonly defaultRequest?: SnapshotRequest;
	/** Hears of every run that an event started, or why it did not. */
	readonly hear: (heard: { readonly run?: Run; readonly error?: unknown }) => void;
}

/** What the trigger function returns: a reply to API Gateway, or for everyone else the name of the run. */
export type TriggerResult = GatewayReply | { readonly run: string };

/**
 * Takes whatever reaches the trigger function. An HTTP request is always answered. An event is carried out or thrown
 * back: only by a failed invocation do Lambda's retries and the dead-letter queue hear of it.
 *
 * @param replyBy epoch milliseconds by which the function's time is over
 * @param local whether the person at this machine's terminal asks
 * @throws ServiceError for events only; of its name and message alone, for Lambda logs whatever else it holds
 */
export async function handleTrigger(
	reception: TriggerDependencies,
	event: unknown,
	replyBy: number,
	local = false,
): Promise<TriggerResult> {
	if (isGatewayEvent(event)) {
		const request = readGatewayEvent(event, replyBy);
		return toGatewayReply(await reception.face(local ? { ...request, caller: LOCAL_CALLER } : request));
	}
	let run: Run | undefined;
	try {
		run = readEvent(event, reception.stack, reception.defaultRequest);
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

export interface TriggerLog {
	readonly answered: (answered: AnsweredRequest) => void;
	/** A sentence for the operator. */
	readonly warned: (warning: string) => void;
	readonly received: (received: { readonly run?: Run; readonly error?: unknown }) => void;
}

type Write = (message: string, told: Readonly<Record<string, unknown>>) => void;

/** Writes one line for each request or event. */
export function createTriggerLog(logger: {
	readonly info: Write;
	readonly warn: Write;
	readonly error: Write;
}): TriggerLog {
	return {
		answered({ error, requestedBy, ...answered }) {
			const told = { ...answered, requested_by: requestedBy };
			if (told.status >= 500) logger.error("request failed", { ...told, ...tell(error) });
			else if (error === undefined) logger.info("request answered", { ...told });
			else logger.warn("request refused", { ...told, ...tell(error) });
		},
		warned: (warning) => logger.warn(warning, {}),
		received({ run, error }) {
			const told = run && { run: run.run, trigger: run.trigger, requested_by: run.requestedBy, slot: run.slot };
			if (error === undefined) logger.info("run started", { ...told });
			else logger.error("event refused", { ...told, ...tell(error) });
		},
	};
}

/**
 * Our own errors are told by name and message. Of any other the message may quote what came in, so a defect is told by
 * its name and where it happened.
 */
function tell(error: unknown): Readonly<Record<string, unknown>> {
	if (!(error instanceof Error)) return { error: typeof error };
	const cause = error.cause instanceof Error ? { cause: error.cause.name } : {};
	if (error instanceof ServiceError || error instanceof ProblemError) {
		return { error: error.name, reason: error.message, ...cause };
	}
	const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
	return { error: error.name, at: frames.slice(0, 5).map((line) => line.trim()), ...cause };
}
