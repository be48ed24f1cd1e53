import type { Cluster, Project, Snapshot } from "../state/model.ts";
import type { SnapshotView } from "../state/timeline.ts";

/** Whole seconds, as Atlas writes times. @param at epoch milliseconds */
export const timestamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** The address of a cluster's resource. */
export const clusterHref = (base: string, project: Project, cluster: Cluster): string =>
	`${base}/api/atlas/v2/groups/${project.id}/clusters/${cluster.name}`;

/** A snapshot as Atlas would show it; fields appear when they appear in the recordings, in the same order. */
export function renderSnapshot(
	base: string,
	project: Project,
	cluster: Cluster,
	snapshot: Snapshot,
	sight: SnapshotView,
) {
	const home = clusterHref(base, project, cluster);
	const resource = snapshot.sharded ? "shardedCluster/" : "";
	const head = {
		...(snapshot.sharded ? { configServerType: "DEDICATED" } : {}),
		...(!snapshot.sharded && sight.cloudProvider !== undefined ? { cloudProvider: sight.cloudProvider } : {}),
		...(snapshot.sharded ? {} : { copyRegions: snapshot.copyRegions }),
		...(sight.createdAt === undefined ? {} : { createdAt: timestamp(sight.createdAt) }),
		...(snapshot.description === undefined ? {} : { description: snapshot.description }),
		expiresAt: timestamp(sight.expiresAt),
		frequencyType: snapshot.snapshotType === "scheduled" ? "daily" : "ondemand",
		id: snapshot.id,
		links: [
			{ href: `${home}/backup/snapshots/${resource}${snapshot.id}`, rel: "self" },
			{ href: home, rel: "https://cloud.mongodb.com/cluster" },
		],
	};
	const members =
		sight.cloudProvider === undefined
			? []
			: snapshot.members.map((member) => ({ cloudProvider: sight.cloudProvider, ...member }));
	return {
		...head,
		...(snapshot.sharded ? { members } : {}),
		...(sight.mongodVersion === undefined ? {} : { mongodVersion: sight.mongodVersion }),
		policyItems: [],
		...(snapshot.sharded ? { snapshotIds: members.map(({ id }) => id) } : { replicaSetName: cluster.name }),
		snapshotType: snapshot.snapshotType,
		status: sight.status,
		storageSizeBytes: sight.storageSizeBytes,
		type: snapshot.sharded ? "shardedCluster" : "replicaSet",
	};
}
