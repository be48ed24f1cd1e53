import type { Reason, Target } from "../domain/outcome.ts";
import type { Ports } from "./ports.ts";

const WARNING_INTERVAL_MS = 5 * 60_000;

/**
 * Logs that something about a target fails, why, and when it is tried next: as a warning at most once in five minutes, in
 * between at level debug. The caller keeps the time of the last warning, so that a replay and another process know it.
 *
 * @param at epoch milliseconds, now
 * @param warnedAt epoch milliseconds of the last warning, if any
 * @param pause seconds until the next try
 * @returns epoch milliseconds of the last warning from now on
 */
export type TargetWarning = (
	reason: Reason | undefined,
	at: number,
	warnedAt: number | undefined,
	pause: number | "stop",
) => number | undefined;

export const createTargetWarning =
	(write: Ports["warn"], run: string, { projectId, clusterName }: Target, subject: string): TargetWarning =>
	(reason, at, warnedAt, pause) => {
		const isRepeated = warnedAt !== undefined && at - warnedAt < WARNING_INTERVAL_MS;
		const next_try = pause === "stop" ? undefined : new Date(at + pause * 1000).toISOString();
		write(subject, { run, project_id: projectId, cluster_name: clusterName, reason, next_try }, isRepeated);
		return isRepeated ? warnedAt : at;
	};
