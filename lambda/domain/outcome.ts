import type { RequestedBy, Trigger } from "./run.ts";
import type { Snapshot } from "./snapshot.ts";

/** One cluster of a run. */
export interface Target {
	readonly projectId: string;
	readonly clusterName: string;
}

/** One text for each target. Neither part can contain a slash. */
export const targetKey = ({ projectId, clusterName }: Target): string => `${projectId}/${clusterName}`;

/** Stands for the project or the cluster where there is none to name. */
export const NO_NAME = "*";

/** States that end a target. */
export type FinalState = "COMPLETED" | "FAILED" | "SKIPPED" | "REFUSED" | "LOST";
/** Whether a target ended as its request wants: with a snapshot, or without one where the request itself allows that. */
export const isSuccess = (state: TargetStatus["state"]): boolean => state === "COMPLETED" || state === "SKIPPED";
/** Whether a state ends a target. */
export const isFinal = (state: TargetStatus["state"]): boolean =>
	state !== "PENDING" && state !== "STARTED" && state !== "LATE";
/** `STARTED` and `LATE` are followed by another. */
export type State = "STARTED" | "LATE" | FinalState;

/**
 * Where a snapshot comes from: `created` (the run requested it and read the reply), `recovered` (the reply was lost, and the
 * run found it by its marker), `adopted` (someone else's that was running, by `onConflict`).
 */
export type Provenance = "created" | "recovered" | "adopted";

/** Why a target ended as it did: Atlas's `errorCode` where there is one, else a code of ours. */
export interface Reason {
	readonly code: string;
	readonly message: string;
}

/** The `detail` of a published event, version 1. Times are ISO 8601 in UTC. */
export interface SnapshotStateChange {
	readonly version: "1";
	readonly state: State;
	/** `null` where there is no snapshot. */
	readonly provenance: Provenance | null;
	readonly run: string;
	readonly trigger: Trigger;
	/** Who asked for the run. */
	readonly requestedBy: RequestedBy;
	/** The firing of a schedule; `null` for other triggers. */
	readonly slot: string | null;
	readonly projectId: string;
	readonly clusterName: string;
	readonly snapshotId: string | null;
	/** As Atlas returned it, replica set or sharded; `null` where there is no snapshot. */
	readonly snapshot: Snapshot | null;
	/** When the snapshot was requested, or the run where there is no snapshot. */
	readonly requestedAt: string;
	/** When the snapshot is, or was, expected to end by the earlier ones of its cluster; `null` where they do not tell. */
	readonly expectedEndAt: string | null;
	/** `null` until the target ended. */
	readonly endedAt: string | null;
	/** Whole seconds from `requestedAt` to `endedAt`; `null` until the target ended. */
	readonly durationSeconds: number | null;
	readonly reason: Reason | null;
	/** From the verification of a completed snapshot, and `SLOWER_THAN_USUAL`; absent where there are none. */
	readonly warnings?: readonly Reason[];
}

/** The state of a target as a status reply and a run's result have it: the event without the snapshot. */
export type TargetStatus = Omit<
	SnapshotStateChange,
	"version" | "run" | "trigger" | "requestedBy" | "slot" | "snapshot" | "state"
> & {
	/** `PENDING`: nothing is known yet. */
	readonly state: State | "PENDING";
};

/** What a run returns, and what it throws within when a target was neither completed nor skipped. */
export interface RunResult {
	readonly run: string;
	readonly targets: readonly TargetStatus[];
	/** Targets left out, because a checkpoint would not hold them: the histories of the run and its parts do. */
	readonly omitted?: number;
}

export const EVENT_SOURCE = "atlas.snapshots";
export const EVENT_DETAIL_TYPE = "Atlas Snapshot State Change";

/**
 * Names of the steps that publish an event; the workflow publishes in no other. Each returns the state of its target, or of
 * its targets, which the status of a run is read from.
 */
export const PUBLISH_STEPS = [
	"publish-started",
	"publish-late",
	"publish-end",
	"publish-broken-off",
	"publish-lost",
] as const;

export type PublishStep = (typeof PUBLISH_STEPS)[number];
