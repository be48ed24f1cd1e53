import * as v from "valibot";

/**
 * Atlas's snapshot, replica set or sharded cluster. Only `id` and `status` are asked for: Atlas sends values outside
 * its published enums (`frequencyType: "ondemand"`), and leaves fields out until the snapshot is completed. Everything
 * else passes through as it came.
 *
 * @see Atlas Administration API, `DiskBackupReplicaSet` and `DiskBackupShardedClusterSnapshot`
 */
export const SnapshotSchema = v.looseObject({
	id: v.pipe(v.string(), v.regex(/^[a-f0-9]{24}$/)),
	status: v.string(),
	snapshotType: v.optional(v.unknown()),
	description: v.optional(v.unknown()),
	createdAt: v.optional(v.unknown()),
	type: v.optional(v.unknown()),
});

export type Snapshot = Readonly<v.InferOutput<typeof SnapshotSchema>>;

/** What a snapshot is of, as its `type` says; Atlas lists each kind apart. */
export type SnapshotKind = "replicaSet" | "shardedCluster";

/** @returns `undefined` where Atlas tells neither */
export const kindOf = ({ type }: Pick<Snapshot, "type">): SnapshotKind | undefined =>
	type === "replicaSet" || type === "shardedCluster" ? type : undefined;

/** The kind of a cluster's snapshots, by Atlas's `clusterType`. @returns `undefined` where it is none that is known */
export function kindOfCluster(clusterType: string | null | undefined): SnapshotKind | undefined {
	if (clusterType === "REPLICASET") return "replicaSet";
	return clusterType === "SHARDED" || clusterType === "GEOSHARDED" ? "shardedCluster" : undefined;
}

/** Queued or in progress: Atlas is at it. An unknown status counts as neither running nor ended. */
export const isRunning = ({ status }: Snapshot): boolean => status === "queued" || status === "inProgress";

/** Taken on demand, as opposed to by Atlas's own backup policy. */
export const isOnDemand = ({ snapshotType }: Snapshot): boolean => snapshotType === "onDemand";

/**
 * When Atlas accepted the request: the first four bytes of an ObjectId are seconds since 1970. `createdAt` cannot
 * serve, since it is absent until the snapshot is completed.
 *
 * @returns epoch milliseconds
 * @see MongoDB manual, ObjectId
 */
export const requestTime = ({ id }: Pick<Snapshot, "id">): number => Number.parseInt(id.slice(0, 8), 16) * 1000;
