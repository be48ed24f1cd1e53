import { type Cluster, ClusterSchema } from "../domain/cluster.ts";
import type { Target } from "../domain/outcome.ts";
import { readPages } from "./pages.ts";
import type { Requests, Resource } from "./requests.ts";

/** Clusters of a project. All reject with an `AtlasError`; Flex clusters are `ATLAS_NOT_DEDICATED` by name. */
export interface Clusters {
	readonly readCluster: (target: Target) => Promise<Cluster>;
	readonly listClusters: (projectId: string) => Promise<readonly Cluster[]>;
}

/** @see Atlas Administration API, Clusters (`getGroupCluster`, `listGroupClusters`) */
export function createClusters(requests: Requests): Clusters {
	return {
		readCluster: (target) => requests.get(ClusterSchema, clusterResource(target)),
		listClusters: (projectId) =>
			readPages(requests, ClusterSchema, { path: `/groups/${encodeURIComponent(projectId)}/clusters`, projectId }),
	};
}

export const clusterResource = ({ projectId, clusterName }: Target): Resource => ({
	path: `/groups/${encodeURIComponent(projectId)}/clusters/${encodeURIComponent(clusterName)}`,
	projectId,
});
