import { isRecord, parseJson } from "../lambda/domain/json.ts";

/** A line that a function wrote to its log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly message: string };

/** Calls back for every line from now on, of every level. @returns what ends it */
export type OnLog = (listener: (line: LogLine) => void) => () => void;

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "CRITICAL", "SILENT"];

/**
 * Replaces the `write` of this process's streams: lines of the functions' logs go to the listeners, and to standard error
 * from the level that the environment names, none by default. All other text goes to standard error.
 *
 * @param env is changed: the functions log at every level
 */
export function captureLogs(env: Record<string, string | undefined>): OnLog {
	const shown = LEVELS.indexOf(env["POWERTOOLS_LOG_LEVEL"]?.toUpperCase() ?? "SILENT");
	env["POWERTOOLS_LOG_LEVEL"] = "DEBUG";
	const listeners = new Set<(line: LogLine) => void>();
	const pass = process.stderr.write.bind(process.stderr);
	const write = (text: string | Uint8Array): boolean => {
		const line = parseJson(String(text));
		if (!isLogLine(line)) return pass(text);
		for (const listener of listeners) listener(line);
		return LEVELS.indexOf(line.level) < shown || pass(text);
	};
	process.stdout.write = write;
	process.stderr.write = write;
	return (listener) => {
		listeners.add(listener);
		return () => void listeners.delete(listener);
	};
}

/** As Powertools writes it. */
const isLogLine = (line: unknown): line is LogLine =>
	isRecord(line) && typeof line["level"] === "string" && typeof line["message"] === "string" && "service" in line;
