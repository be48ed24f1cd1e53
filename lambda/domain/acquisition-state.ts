import type { ExpectedDuration } from "./expectation.ts";
import { type Failure, noRefusals, type Refusals } from "./failure.ts";
import type { FinalState, Provenance, Reason } from "./outcome.ts";
import type { ConflictPolicy } from "./request.ts";
import { isNotScheduled, isOnDemand, isRunning, requestTime, type Snapshot } from "./snapshot.ts";

/** What is done next to take one snapshot. Each move is carried out in `run/`, which brings back what it saw. */
export type AcquisitionAction =
	/** Ask Atlas for a snapshot, after so many seconds. */
	| { readonly do: "ask"; readonly afterSeconds: number }
	/** Look through the lists for our marker, after so many seconds. */
	| { readonly do: "look"; readonly afterSeconds: number }
	/** Wait until another's snapshot has ended, then ask. */
	| { readonly do: "wait-for"; readonly snapshot: Snapshot }
	| { readonly do: "follow"; readonly snapshot: Snapshot; readonly provenance: Provenance }
	| Refusal
	| End;

/** Atlas said no: explain it by a look at the cluster. `again`: if that explains nothing, ask again. */
export type Refusal = {
	readonly do: "explain";
	readonly reason: Reason;
	readonly code: string;
	readonly again: boolean;
};

export type End = { readonly do: "end"; readonly state: FinalState; readonly reason: Reason };

/** What is known between two moves. */
export interface AcquisitionState {
	/** Requests for this snapshot, whether they left this process or not. */
	readonly asks: number;
	/** Epoch milliseconds of the end of the last that left, if one has: our marker is looked for before the next. */
	readonly leftAt: number | null;
	/** Seconds before each look that is still to come, should the one before not find ours. */
	readonly looksLeft: readonly number[];
	/** Looks in a row that could not be made. */
	readonly blindLooks: number;
	/** A request was sent of which nobody knows whether it was carried out. */
	readonly inDoubt: boolean;
	/** Requests for this snapshot that left it in doubt. */
	readonly doubts: number;
	/** Requests in a row that were answered 401 or 403, and looks. */
	readonly askRefusals: Refusals;
	readonly lookRefusals: Refusals;
	/** Why the last request or look did not do. */
	readonly reason: Reason | null;
	/** What Atlas said when it last refused a request because another's snapshot was running. */
	readonly conflict: Reason | null;
	/** What follows unless one of these looks finds ours after all. */
	readonly ending: Refusal | End | null;
}

export const initialAcquisition: AcquisitionState = {
	asks: 0,
	leftAt: null,
	looksLeft: [],
	blindLooks: 0,
	inDoubt: false,
	doubts: 0,
	askRefusals: noRefusals,
	lookRefusals: noRefusals,
	reason: null,
	conflict: null,
	ending: null,
};

/** What one request brought. `at` is epoch milliseconds. */
export type RequestResult =
	| { readonly at: number; readonly snapshot: Snapshot }
	| { readonly at: number; readonly verdict: Failure }
	/** The deadline had passed, so nothing was sent. */
	| { readonly at: number; readonly tooLate: true };

/** What one look through the lists brought. */
export type LookupResult =
	| {
			readonly at: number;
			readonly snapshots: { readonly ours?: Snapshot; readonly running?: Snapshot };
			/** Of how long a snapshot takes; `null` where the listed ones do not tell, absent where it was not asked. */
			readonly expectation?: ExpectedDuration | null;
	  }
	| { readonly at: number; readonly verdict: Failure };

/** What the moves of one target depend on. */
export interface AcquisitionTerms {
	readonly policy: ConflictPolicy;
	/** Whole days for which the snapshot must be kept; another's that is kept shorter is not joined. */
	readonly retentionInDays: number;
	/** Epoch milliseconds. Past it nothing new is asked for. */
	readonly deadlineAt: number;
	/** Epoch milliseconds. Past it nothing is looked for. */
	readonly hardLimitAt: number;
	/** Seconds to wait after so many failures in a row; honours what Atlas asks for. */
	readonly backOff: (attempt: number, retryAfterSeconds?: number) => number;
}

/** By what a run knows its own: the marker, and epoch milliseconds of its start. */
export interface RunIdentity {
	readonly marker: string;
	readonly startedAt: number;
}

/** Milliseconds by which the clocks of Atlas and of this process may differ. */
const SKEW_MS = 5 * 60_000;

/** Whether a snapshot is one that a run asked for: by marker and kind, and never one from before the run. */
const isOurs = (snapshot: Snapshot, own: RunIdentity): boolean =>
	typeof snapshot.description === "string" &&
	snapshot.description.endsWith(own.marker) &&
	isNotScheduled(snapshot) &&
	wasRequestedSince(snapshot, own);

/** Whether a snapshot may have been asked for since the run's start. */
export const wasRequestedSince = (snapshot: Snapshot, { startedAt }: RunIdentity): boolean =>
	requestTime(snapshot) >= startedAt - SKEW_MS;

/** Picks what matters for one run out of a cluster's snapshots: its own, and a running one of others. */
export function findOwnAndRunning(
	snapshots: readonly Snapshot[],
	own: RunIdentity,
): { ours?: Snapshot; running?: Snapshot } {
	return {
		ours: snapshots.find((snapshot) => isOurs(snapshot, own)),
		running: snapshots.find((snapshot) => isOnDemand(snapshot) && isRunning(snapshot)),
	};
}
