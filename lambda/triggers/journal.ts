import { ServiceError } from "../domain/errors.ts";
import type { Run } from "../domain/run.ts";
import type { Answered } from "../http/face.ts";
import { ProblemError } from "../http/problem.ts";

export interface Journal {
	readonly answered: (answered: Answered) => void;
	/** A sentence for the operator. */
	readonly warned: (warning: string) => void;
	readonly received: (received: { readonly run?: Run; readonly error?: unknown }) => void;
}

type Write = (message: string, told: Readonly<Record<string, unknown>>) => void;

/** Writes one line for each request or event. */
export function createJournal(logger: { readonly info: Write; readonly warn: Write; readonly error: Write }): Journal {
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
