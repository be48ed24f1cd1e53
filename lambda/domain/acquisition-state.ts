import type { ExpectedDuration } from "./expectation.ts";
import { type Failure, noRefusals, type Refusals } from "./failure.ts";
import type { FinalState, Provenance, Reason } from "./outcome.ts";
import type { ConflictPolicy } from "./request.ts";
import { isNotScheduled, isOnDemand, isRunning, requestTime, type Snapshot } from "./snapshot.ts";

/** What is done next to take one snapshot. `workflow/acquire.ts` does it and returns the result. */
export type AcquisitionAction =
	/** Send the request, after so many seconds. */
	| { readonly do: "request"; readonly afterSeconds: number }
	/** Look for the run's own snapshot in the cluster's list, after so many seconds. */
	| { readonly do: "look-up"; readonly afterSeconds: number }
	/** Wait until another's snapshot has ended, then send the request. */
	| { readonly do: "wait-for-other"; readonly snapshot: Snapshot }
	| { readonly do: "follow"; readonly snapshot: Snapshot; readonly provenance: Provenance }
	| UnexplainedRejection
	| End;

/** Atlas rejected the request: read the cluster to explain it. `again`: without an explanation, send it again. */
export type UnexplainedRejection = {
	readonly do: "explain";
	readonly reason: Reason;
	readonly code: string;
	readonly again: boolean;
};

export type End = { readonly do: "end"; readonly state: FinalState; readonly reason: Reason };

/** What is known between two actions. */
export interface AcquisitionState {
	/** Requests made for this snapshot, whether they were sent or not. */
	readonly requests: number;
	/** Epoch milliseconds of the end of the last request that was sent: before the next one there is a lookup. */
	readonly sentAt: number | null;
	/** Seconds before each further lookup, should the one before not find the run's own snapshot. */
	readonly lookupPauses: readonly number[];
	/** In a row. */
	readonly failedLookups: number;
	/** A request was sent, and nobody knows whether Atlas executed it. */
	readonly inDoubt: boolean;
	/** Requests of which that was so. */
	readonly requestsInDoubt: number;
	/** Requests, and lookups, in a row that were answered 401 or 403. */
	readonly requestRefusals: Refusals;
	readonly lookupRefusals: Refusals;
	/** Why the last request or lookup failed. */
	readonly reason: Reason | null;
	/** What Atlas last said when it rejected a request because another snapshot was running. */
	readonly conflict: Reason | null;
	/** What follows unless a lookup finds the run's own snapshot. */
	readonly ending: UnexplainedRejection | End | null;
}

export const initialAcquisition: AcquisitionState = {
	requests: 0,
	sentAt: null,
	lookupPauses: [],
	failedLookups: 0,
	inDoubt: false,
	requestsInDoubt: 0,
	requestRefusals: noRefusals,
	lookupRefusals: noRefusals,
	reason: null,
	conflict: null,
	ending: null,
};

/** The result of one request. `at` is epoch milliseconds. */
export type RequestResult =
	| { readonly at: number; readonly snapshot: Snapshot }
	| { readonly at: number; readonly failure: Failure }
	/** The deadline had passed, so nothing was sent. */
	| { readonly at: number; readonly tooLate: true };

/** The result of one lookup. `at` is epoch milliseconds. */
export type LookupResult =
	| {
			readonly at: number;
			readonly snapshots: { readonly own?: Snapshot; readonly running?: Snapshot };
			/** `null` where the listed snapshots do not show it, absent where it was not read. */
			readonly expectation?: ExpectedDuration | null;
	  }
	| { readonly at: number; readonly failure: Failure };

/** What the actions for one target depend on. */
export interface AcquisitionTerms {
	readonly policy: ConflictPolicy;
	/** Whole days for which the snapshot must be kept; another's that is kept shorter is not adopted. */
	readonly retentionInDays: number;
	/** Epoch milliseconds after which no request is sent. */
	readonly deadlineAt: number;
	/** Epoch milliseconds after which there is no lookup. */
	readonly hardLimitAt: number;
	/** Seconds to wait before a request, or a lookup, after so many failures in a row; honours Retry-After. */
	readonly backOff: (attempt: number, retryAfterSeconds?: number, isLookup?: boolean) => number;
}

/** How a run knows its own snapshots: the marker, and epoch milliseconds of the run's start. */
export interface RunIdentity {
	readonly marker: string;
	readonly startedAt: number;
}

/** Milliseconds by which Atlas's clock and the one that gave the run's start may differ. */
const SKEW_MS = 5 * 60_000;

/** Whether a run created a snapshot: by marker and kind, and never one from before the run. */
const isOwn = (snapshot: Snapshot, run: RunIdentity): boolean =>
	typeof snapshot.description === "string" &&
	snapshot.description.endsWith(run.marker) &&
	isNotScheduled(snapshot) &&
	wasRequestedSince(snapshot, run);

/** Whether a snapshot may have been requested since the run's start. */
export const wasRequestedSince = (snapshot: Snapshot, { startedAt }: RunIdentity): boolean =>
	requestTime(snapshot) >= startedAt - SKEW_MS;

/** Finds a run's own snapshot among a cluster's, and a running on-demand one. */
export function findOwnAndRunning(
	snapshots: readonly Snapshot[],
	run: RunIdentity,
): { own?: Snapshot; running?: Snapshot } {
	return {
		own: snapshots.find((snapshot) => isOwn(snapshot, run)),
		running: snapshots.find((snapshot) => isOnDemand(snapshot) && isRunning(snapshot)),
	};
}
