import { type Cluster, ClusterSchema } from "../domain/cluster.ts";
import type { Target } from "../domain/outcome.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import { readPages } from "./pages.ts";
import type { Requests, Resource } from "./requests.ts";

/** Clusters of a project. All reject with an `AtlasError`; Flex clusters are `ATLAS_NOT_DEDICATED` by name. */
export interface Clusters {
	readonly readCluster: (target: Target) => Promise<Cluster>;
	readonly listClusters: (projectId: string) => Promise<readonly Cluster[]>;
}

/** @see Atlas Administration API, Clusters (`getGroupCluster`, `listGroupClusters`) */
export function createClusters(requests: Requests, { isIn }: Pick<KnownSecrets, "isIn">): Clusters {
	return {
		readCluster: async (target) => {
			const cluster = await requests.get(ClusterSchema, clusterResource(target));
			// Its name stands in messages: as it was asked for, whatever the reply says.
			return { ...cluster, name: target.clusterName };
		},
		async listClusters(projectId) {
			const resource = { path: `/groups/${encodeURIComponent(projectId)}/clusters`, projectId };
			const clusters = await readPages(requests, ClusterSchema, resource);
			// A name is published. No cluster is called like a key.
			return clusters.filter(({ name }) => !isIn(name));
		},
	};
}

export const clusterResource = ({ projectId, clusterName }: Target): Resource => ({
	path: `/groups/${encodeURIComponent(projectId)}/clusters/${encodeURIComponent(clusterName)}`,
	projectId,
});
