import type { ExpectedDuration } from "./expectation.ts";
import type { Provenance, Reason, SnapshotStateChange, State, Target, TargetStatus } from "./outcome.ts";
import type { Run } from "./run.ts";
import type { Snapshot } from "./snapshot.ts";

/** One change of a target's state, from which the event is made. */
export interface TargetChange {
	readonly state: State;
	readonly provenance?: Provenance;
	/** As Atlas returned it last. */
	readonly snapshot?: Snapshot;
	/** Epoch milliseconds. */
	readonly requestedAt: number;
	/** Epoch milliseconds; of final states. */
	readonly endedAt?: number;
	readonly reason?: Reason;
	/** From the verification of a completed snapshot, and whether it takes long. */
	readonly warnings?: readonly Reason[];
	/** Of how long the snapshot takes; none where nothing is expected. */
	readonly expectation?: ExpectedDuration | null;
}

/** The end of a target of a part, kept before it is published: whoever publishes it later publishes the same. */
export interface DecidedEnd extends Target {
	readonly decided: TargetChange;
}

/** What the histories of parts hold that AWS ended. */
export interface EndedParts {
	readonly published: readonly TargetStatus[];
	readonly decided: readonly DecidedEnd[];
}

/** The step that keeps a {@link DecidedEnd}. */
export const DECIDE_STEP = "decide-end";

export function toStateChangeEvent(
	run: Run,
	{ projectId, clusterName }: Target,
	change: TargetChange,
): SnapshotStateChange {
	const {
		state,
		provenance = null,
		snapshot = null,
		requestedAt,
		endedAt,
		reason = null,
		warnings = [],
		expectation,
	} = change;
	return {
		version: "1",
		state,
		provenance,
		run: run.run,
		trigger: run.trigger,
		requestedBy: run.requestedBy,
		slot: run.slot ?? null,
		projectId,
		clusterName,
		snapshotId: snapshot?.id ?? null,
		snapshot,
		requestedAt: new Date(requestedAt).toISOString(),
		expectedEndAt: expectation ? new Date(requestedAt + expectation.seconds * 1000).toISOString() : null,
		endedAt: endedAt === undefined ? null : new Date(endedAt).toISOString(),
		durationSeconds: endedAt === undefined ? null : Math.max(0, Math.round((endedAt - requestedAt) / 1000)),
		reason,
		...(warnings.length > 0 ? { warnings } : {}),
	};
}

/** The event without the snapshot and the run, as a status reply has it. */
export function toTargetStatus(event: SnapshotStateChange): TargetStatus {
	const { version: _v, run: _r, trigger: _t, requestedBy: _by, slot: _sl, snapshot: _sn, ...status } = event;
	return status;
}

/** The end of a target whose workflow ended with a defect: what became of its snapshot is unknown. */
export const lostByDefect = (startedAt: number, error: unknown): TargetChange => ({
	state: "LOST",
	requestedAt: startedAt,
	reason: {
		code: "BROKEN_OFF",
		message: `the run ended unexpectedly (${error instanceof Error ? error.name : "Error"}); see the function's log`,
	},
});
