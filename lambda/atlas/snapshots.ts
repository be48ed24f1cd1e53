import { AtlasError } from "../domain/errors.ts";
import type { Target } from "../domain/outcome.ts";
import { type Snapshot, type SnapshotKind, SnapshotSchema } from "../domain/snapshot.ts";
import { clusterResource } from "./clusters.ts";
import { readList, readPages } from "./pages.ts";
import type { Requests, Resource } from "./requests.ts";

/** The body of an on-demand snapshot request, `DiskBackupOnDemandSnapshotRequest`. */
interface OnDemandRequest {
	readonly description: string;
	/** Whole days, from the snapshot's completion on. */
	readonly retentionInDays: number;
}

/** On-demand snapshots of one cluster. All reject with an `AtlasError`. */
export interface Snapshots {
	/** Asks for a snapshot, once. Where the fault says `executed: "unknown"`, there may be one all the same. */
	readonly takeSnapshot: (target: Target, request: OnDemandRequest) => Promise<Snapshot>;
	/** Reads a snapshot by the plain path, which serves replica sets and sharded clusters. */
	readonly readSnapshot: (target: Target, snapshotId: string) => Promise<Snapshot>;
	/**
	 * Every snapshot of a cluster, in Atlas's order, which is not documented.
	 *
	 * @param kind of the cluster, where it is known: then only its list is read, of 500 snapshots a request
	 */
	readonly listSnapshots: (target: Target, kind?: SnapshotKind) => Promise<readonly Snapshot[]>;
}

/** @see Atlas Administration API, Cloud Backups (`takeGroupClusterBackupSnapshots` and its neighbours) */
export function createSnapshots(requests: Requests): Snapshots {
	return {
		takeSnapshot: (target, { description, retentionInDays }) =>
			requests.post(SnapshotSchema, snapshotsResource(target), { description, retentionInDays }),

		readSnapshot: (target, snapshotId) =>
			requests.get(SnapshotSchema, snapshotsResource(target, `/${encodeURIComponent(snapshotId)}`)),

		async listSnapshots(target, kind) {
			const lists = {
				replicaSet: () => readPages(requests, SnapshotSchema, snapshotsResource(target)),
				shardedCluster: () => readList(requests, SnapshotSchema, snapshotsResource(target, "/shardedClusters")),
			} as const satisfies Record<SnapshotKind, unknown>;
			if (kind !== undefined) return lists[kind]();
			const [plain, sharded] = await Promise.allSettled([lists.replicaSet(), lists.shardedCluster()]);
			return unite(plain, sharded);
		},
	};
}

function snapshotsResource(target: Target, rest = ""): Resource {
	const { path, projectId } = clusterResource(target);
	return { path: `${path}/backup/snapshots${rest}`, ...(projectId === undefined ? {} : { projectId }) };
}

/**
 * Replica sets and sharded clusters are listed apart, and Atlas does not say what the one list answers about the other
 * kind: a definite “no such thing” from one counts as empty, as long as the other one answers.
 */
function unite(...lists: readonly PromiseSettledResult<Snapshot[]>[]): readonly Snapshot[] {
	const failures = lists.filter((list) => list.status === "rejected");
	const [first] = failures;
	const decisive = failures.find(({ reason }) => !isOtherKind(reason)) ?? first;
	if (decisive && (failures.length === lists.length || !isOtherKind(decisive.reason))) throw decisive.reason;
	const snapshots = lists.flatMap((list) => (list.status === "fulfilled" ? list.value : []));
	return [...new Map(snapshots.map((snapshot) => [snapshot.id, snapshot])).values()];
}

const isOtherKind = (error: unknown): boolean =>
	error instanceof AtlasError &&
	(error.fault.status === 400 || error.fault.status === 404) &&
	error.fault.code !== "ATLAS_UNREADABLE";
