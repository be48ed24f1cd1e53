import type { Cluster } from "../domain/cluster.ts";
import type { RequestLimits } from "../domain/limits.ts";
import type { SnapshotStateChange, Target } from "../domain/outcome.ts";
import type { Snapshot, SnapshotKind } from "../domain/snapshot.ts";
import type { EndedParts } from "../domain/state-change.ts";

/**
 * External calls that a run makes. Each rejects with an `AtlasError` (or, for the secret and for `publish`, a
 * `ServiceError`). `handlers/snapshot.ts` provides them.
 */
export interface Ports {
	/** The stack's name: it is a part of the marker. */
	readonly stack: string;
	/** What callers may request. */
	readonly limits: RequestLimits;
	/** @returns epoch milliseconds; called within steps only, so that a replay sees the same */
	now(): number;
	/** Requests a snapshot. Never repeats a request by itself that may have been executed. */
	takeSnapshot(target: Target, request: OnDemandRequest): Promise<Snapshot>;
	readSnapshot(target: Target, snapshotId: string): Promise<Snapshot>;
	/**
	 * Every snapshot of a cluster: all pages of the replica-set list, and the sharded list.
	 *
	 * @param kind of the cluster, where it is known: then only its list is read
	 */
	listSnapshots(target: Target, kind?: SnapshotKind): Promise<readonly Snapshot[]>;
	readCluster(target: Target): Promise<Cluster>;
	/** Every cluster of a project. */
	listClusters(projectId: string): Promise<readonly Cluster[]>;
	/** Every project that the keys can see. */
	listProjects(): Promise<readonly { readonly id: string }[]>;
	/**
	 * Reads from the histories of the parts that AWS ended what they had published, and what they were about to publish.
	 *
	 * @param arn of the execution that chained the parts
	 */
	readEndedParts(arn: string): Promise<EndedParts>;
	/**
	 * Writes a warning to the log. To be called within steps only, so that a replay does not repeat it.
	 *
	 * @param isRepeated the same warning was written a moment ago: then it is written at level debug
	 */
	readonly warn: (message: string, fields: Readonly<Record<string, unknown>>, isRepeated?: boolean) => void;
	/** Counts late targets. @param at epoch milliseconds of the deadline, or of the poll that found the target late */
	countLate(change: 1 | -1, at: number): void;
	/** Resolves once the bus has accepted the event. */
	publish(event: SnapshotStateChange): Promise<void>;
}

interface OnDemandRequest {
	readonly description: string;
	/** Whole days. */
	readonly retentionInDays: number;
	/** Epoch milliseconds after which the request must not be sent any more. */
	readonly notAfter?: number;
}
