import type { Reason, Target } from "../domain/outcome.ts";
import type { Ports } from "./ports.ts";

/** Milliseconds between two warnings about one target. */
const LEAST_BETWEEN = 5 * 60_000;

/**
 * Writes to the log that something about a target does not work, why, and when it is tried next: as a warning at most
 * once in five minutes, in between at level debug. The time of the last warning is kept by the caller, so that a replay
 * and another process know it.
 *
 * @param at epoch milliseconds, now
 * @param warnedAt epoch milliseconds of the last warning, where there was one
 * @param pause seconds until the next try
 * @returns epoch milliseconds of the last warning from now on
 */
export type Warn = (
	reason: Reason | undefined,
	at: number,
	warnedAt: number | undefined,
	pause: number | "stop",
) => number | undefined;

export const warnAbout =
	(write: Ports["warn"], run: string, { projectId, clusterName }: Target, subject: string): Warn =>
	(reason, at, warnedAt, pause) => {
		const isRepeated = warnedAt !== undefined && at - warnedAt < LEAST_BETWEEN;
		const fields = {
			run,
			project_id: projectId,
			cluster_name: clusterName,
			reason,
			next_try: pause === "stop" ? undefined : new Date(at + pause * 1000).toISOString(),
		};
		write(subject, fields, isRepeated);
		return isRepeated ? warnedAt : at;
	};
