import type { Order } from "../domain/order.ts";
import type { Reason, SnapshotStateChange, Target } from "../domain/outcome.ts";
import type { Snapshot } from "../domain/snapshot.ts";

/** A cluster of a selection, as its story begins. */
export interface Candidate extends Target {
	/** Why it can't have an on-demand snapshot: its story ends as `SKIPPED`. */
	readonly ineligible?: Reason;
	/** Why nothing could be selected at all: its story ends as `REFUSED`. */
	readonly refused?: Reason;
}

/**
 * What the story needs from the world, in the story's words. Each rejects with an `AtlasError` (or, for `publish`, a
 * `ServiceError`); `connect.ts` fills them.
 */
export interface Ports {
	/** @returns epoch milliseconds; asked inside steps only, so that a replay sees the same */
	now(): number;
	/** Asks Atlas once for a snapshot. Never repeats the request by itself after it may have been carried out. */
	takeSnapshot(target: Target, request: SnapshotRequest): Promise<Snapshot>;
	readSnapshot(target: Target, snapshotId: string): Promise<Snapshot>;
	/** Every snapshot of a cluster: all pages of the replica-set list, and the sharded list. */
	listSnapshots(target: Target): Promise<readonly Snapshot[]>;
	/** Looks once at the cluster, to say why Atlas would not: `undefined` where it is eligible. */
	explain(target: Target): Promise<Candidate["ineligible"]>;
	/** The targets that an order by `all` or tags selects. */
	select(order: Order): Promise<readonly Candidate[]>;
	/** Resolves when the bus has accepted the event. */
	publish(event: SnapshotStateChange): Promise<void>;
}

export interface SnapshotRequest {
	readonly description: string;
	/** Whole days. */
	readonly retentionInDays: number;
}
