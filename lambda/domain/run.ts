import { createHash } from "node:crypto";
import type { SnapshotRequest } from "./request.ts";

/** Who asked. */
export type Trigger = "schedule" | "event" | "http";

/**
 * A run as it is started: the payload of the durable execution. It holds no clock reading and nothing random, so that a
 * second delivery of the same trigger yields the same bytes, by which AWS knows the twin.
 */
export interface Run {
	/** The name of the durable execution, and the last part of `/snapshots/{run}`. */
	readonly run: string;
	readonly trigger: Trigger;
	/** The scheduled time of a firing, as the schedule gave it; only of schedules. */
	readonly slot?: string;
	readonly request: SnapshotRequest;
}

/**
 * Names a run after what makes its trigger unique, so that whatever is delivered twice asks for the same run.
 *
 * @param key for a schedule its ARN and the scheduled time; for an event its id; for HTTP the idempotency key
 * @returns at most 64 characters of `[A-Za-z0-9-]`, as a durable execution's name must be
 */
export function nameRun(trigger: Trigger, ...key: readonly string[]): string {
	return `${trigger}-${digest(key.join("\n")).slice(0, 32)}`;
}

/** The only tag that an Atlas snapshot can carry: it ends the description, and by it we find our own again. */
export const marker = (run: string): string => ` [run:${digest(run).slice(0, 12)}]`;

/** The description as Atlas gets it. */
export const describe = (run: string, request: SnapshotRequest): string =>
	`${request.description ?? "on demand"}${marker(run)}`;

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
