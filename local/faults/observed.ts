import type { SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import type { RequestRecord } from "../atlas/api/server.ts";
import type { Answer } from "./deliver.ts";
import type { Trouble } from "./troubles.ts";

/** One execution that was started. */
export interface ObservedRun {
	readonly run: string;
	/** What the descriptions of its snapshots begin with. */
	readonly description: string;
	/** Epoch milliseconds at which AWS started it. */
	readonly acceptedAt: number;
	/** Epoch milliseconds at which the start was kept, from which the deadline counts; the end is `undefined` where there was none. */
	readonly startedAt: number;
	readonly endedAt: number | undefined;
	readonly status: string;
	readonly error: string | undefined;
	/** Body of the reply to `GET /snapshots/{run}`. */
	readonly reply: string;
}

export interface ObservedEvent {
	/** Epoch milliseconds at which the bus accepted it. */
	readonly at: number;
	readonly change: SnapshotStateChange;
	/** What Atlas said of the snapshot at that time; `undefined` where it knew none. */
	readonly atlasStatus: string | undefined;
}

/** A snapshot that ever was in Atlas. Times are epoch milliseconds. */
export interface ObservedSnapshot {
	readonly id: string;
	readonly clusterName: string;
	readonly description: string;
	readonly requestedAt: number;
	readonly endsAt: number;
	readonly ending: string;
	readonly snapshotType: string;
	/** Whether someone else asked for it. */
	readonly planted: boolean;
}

export interface ObservedRequest extends RequestRecord {
	/** Of the process that sent it. */
	readonly process: number | undefined;
}

/** What can be seen of a run of the campaign from outside, when it is over. */
export interface Observed {
	readonly runs: readonly ObservedRun[];
	readonly clusters: readonly {
		readonly name: string;
		/** Whether it can have a snapshot. */
		readonly state: "ready" | "paused" | "tenant" | "backup off" | "missing";
	}[];
	/** What was asked for. */
	readonly wanted: {
		readonly selection: "named" | "all" | "tags";
		readonly onConflict: string;
		readonly minimumAgeMinutes: number | null;
		readonly deadlineMinutes: number;
	};
	readonly events: readonly ObservedEvent[];
	/** In the order in which they were asked for. */
	readonly snapshots: readonly ObservedSnapshot[];
	/** In the order of their arrival. */
	readonly requests: readonly ObservedRequest[];
	readonly answers: readonly Answer[];
	/** Names of secrets that were found outside. */
	readonly leaks: readonly string[];
	readonly troubles: readonly Trouble[];
	/** Milliseconds for which lists do not show a new snapshot. */
	readonly listDelay: number;
	/** Milliseconds by which clocks may have been wrong, either way. */
	readonly skew: number;
	/** Operations of each durable execution. */
	readonly operations: readonly number[];
}

/** A broken promise. */
export interface Finding {
	readonly kind: Kind;
	readonly what: string;
}

export type Kind =
	| "duplicate"
	| "false success"
	| "lost"
	| "leak"
	| "late ask"
	| "late notice"
	| "undercut retry-after"
	| "operations exceeded"
	| "unheard";

export const FINAL: ReadonlySet<string> = new Set(["COMPLETED", "FAILED", "SKIPPED", "REFUSED", "LOST"]);

/** Milliseconds after a run's start at which it may give up: three days. */
export const HARD_LIMIT = 3 * 86_400_000;

/** The snapshots that a run asked for on a cluster. */
export const oursOf = ({ snapshots }: Observed, { description }: ObservedRun, clusterName: string) =>
	snapshots.filter(
		(one) => !one.planted && one.clusterName === clusterName && one.description.startsWith(`${description} [`),
	);

/** The events of a run about a cluster. */
export const eventsOf = ({ events }: Observed, { run }: ObservedRun, clusterName: string) =>
	events.filter(({ change }) => change.run === run && change.clusterName === clusterName);
