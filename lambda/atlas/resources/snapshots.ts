import * as v from "valibot";
import { ClusterSchema } from "../../domain/cluster.ts";
import { AtlasError } from "../../domain/errors.ts";
import type { Target } from "../../domain/outcome.ts";
import { type Snapshot, type SnapshotKind, SnapshotSchema, snapshotKindOfCluster } from "../../domain/snapshot.ts";
import type { KnownSecrets } from "../layers/known-secrets.ts";
import { clusterResource } from "./projects.ts";
import type { JsonRequests, Resource } from "./requests.ts";
import { readList, readPages } from "./requests.ts";

interface SnapshotOptions {
	readonly description: string;
	/** Whole days, from the snapshot's completion on. */
	readonly retentionInDays: number;
	/** Epoch milliseconds after which the request must not be sent. */
	readonly notAfter?: number;
}

export type Snapshots = ReturnType<typeof createSnapshots>;

/**
 * On-demand snapshots of one cluster. Every function rejects with an `AtlasError`.
 *
 * @see Atlas Administration API, Cloud Backups (`takeGroupClusterBackupSnapshots` and its neighbours)
 */
export function createSnapshots(requests: JsonRequests, { without }: Pick<KnownSecrets, "without">) {
	// Removes fields in which Atlas or a proxy repeats a secret.
	const schema = v.pipe(
		SnapshotSchema,
		v.transform((snapshot) => without(snapshot)),
	);
	/**
	 * Atlas does not document its reply for a cluster of the other kind. So an error counts as an empty list only if the
	 * cluster is of the kind of the list that was read.
	 */
	async function ignoreOtherKind(
		kind: SnapshotKind,
		read: readonly Snapshot[],
		{ reason }: PromiseRejectedResult,
		target: Target,
	): Promise<readonly Snapshot[]> {
		if (!isAboutKind(reason)) throw reason;
		const { clusterType } = await requests.get(ClusterSchema, clusterResource(target));
		if (snapshotKindOfCluster(clusterType) !== kind) throw reason;
		return read;
	}
	return {
		/** Requests a snapshot once. If the error has `executed: "unknown"`, it may have been created. */
		takeSnapshot: (target: Target, { notAfter, ...body }: SnapshotOptions): Promise<Snapshot> =>
			requests.post(schema, snapshotsResource(target), body, notAfter),

		readSnapshot: async (target: Target, snapshotId: string): Promise<Snapshot> => {
			const resource = snapshotsResource(target, `/${encodeURIComponent(snapshotId)}`);
			// A reply about another snapshot is unreadable.
			const requested = v.pipe(
				schema,
				v.check(({ id }) => id === snapshotId),
			);
			return requests.get(requested, resource);
		},

		/**
		 * Every snapshot of a cluster, in Atlas's order, which is not documented.
		 *
		 * @param kind of the cluster, if known: then only the list for this kind is read
		 */
		listSnapshots: async (target: Target, kind?: SnapshotKind): Promise<readonly Snapshot[]> => {
			const lists = {
				replicaSet: () => readPages(requests, schema, snapshotsResource(target)),
				shardedCluster: () => readList(requests, schema, snapshotsResource(target, "/shardedClusters")),
			} as const satisfies Record<SnapshotKind, unknown>;
			if (kind !== undefined) return lists[kind]();
			const [plain, sharded] = await Promise.allSettled([lists.replicaSet(), lists.shardedCluster()]);
			if (plain.status === "fulfilled" && sharded.status === "fulfilled") return mergeLists(plain.value, sharded.value);
			if (plain.status === "fulfilled" && sharded.status === "rejected")
				return ignoreOtherKind("replicaSet", plain.value, sharded, target);
			if (sharded.status === "fulfilled" && plain.status === "rejected")
				return ignoreOtherKind("shardedCluster", sharded.value, plain, target);
			throw causeOf(plain, sharded);
		},
	};
}

const snapshotsResource = (target: Target, rest = ""): Resource => clusterResource(target, `/backup/snapshots${rest}`);

/** Merges the lists; each snapshot occurs once. */
const mergeLists = (...lists: readonly (readonly Snapshot[])[]): readonly Snapshot[] => [
	...new Map(lists.flat().map((snapshot) => [snapshot.id, snapshot])).values(),
];

/** The failure that is not about the cluster's kind, or the first. */
function causeOf(...lists: readonly PromiseSettledResult<unknown>[]): unknown {
	const reasons: unknown[] = lists.flatMap((list) => (list.status === "rejected" ? [list.reason] : []));
	return reasons.find((reason) => !isAboutKind(reason)) ?? reasons[0];
}

/** Whether Atlas's reply may be due to the cluster's kind. */
const isAboutKind = (error: unknown): boolean =>
	error instanceof AtlasError &&
	(error.fault.status === 400 || error.fault.status === 404) &&
	error.fault.code !== "ATLAS_UNREADABLE";
