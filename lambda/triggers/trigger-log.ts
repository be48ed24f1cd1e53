import { ServiceError } from "../domain/errors.ts";
import type { Run } from "../domain/run.ts";
import { ProblemError } from "./http/problem.ts";
import type { AccessLogEntry } from "./http/router.ts";

/** The result of an event. */
export interface EventLogEntry {
	/** Absent if the event could not be read. */
	readonly run?: Run;
	readonly error?: unknown;
}

type LogFields = Readonly<Record<string, unknown>>;
type Write = (message: string, fields: LogFields) => void;

/** Writes one line for each HTTP request or event. */
export const createTriggerLog = (logger: { readonly info: Write; readonly warn: Write; readonly error: Write }) => ({
	request({ error, requestedBy, ...entry }: AccessLogEntry): void {
		const fields = { ...entry, requested_by: requestedBy, ...describeError(error) };
		if (entry.status >= 500) logger.error("request failed", fields);
		else if (error === undefined) logger.info("request answered", fields);
		else logger.warn("request refused", fields);
	},
	event({ run, error }: EventLogEntry): void {
		const { run: name, trigger, requestedBy, slot } = run ?? {};
		const fields = { run: name, trigger, requested_by: requestedBy, slot, ...describeError(error) };
		if (error === undefined) logger.info("run started", fields);
		else logger.error("event refused", fields);
	},
	/** @param text a sentence for the operator */
	warning: (text: string): void => logger.warn(text, {}),
});

/** The message of another error than this service's own may quote input, so name and stack frames are logged instead. */
function describeError(error: unknown): LogFields {
	if (error === undefined) return {};
	if (!(error instanceof Error)) return { error: typeof error };
	const cause = error.cause instanceof Error ? error.cause.name : undefined;
	if (error instanceof ServiceError || error instanceof ProblemError) {
		return { error: error.name, reason: error.message, cause };
	}
	const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
	return { error: error.name, at: frames.slice(0, 5).map((line) => line.trim()), cause };
}
