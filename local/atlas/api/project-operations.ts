import { type ApiOperation, findCluster, type OperationContext } from "./operation.ts";
import { renderCluster, renderCompliancePolicy, renderProject } from "./render.ts";
import { pageOf } from "./request.ts";

function listProjects({ state, request, base }: OperationContext): object {
	const visible = [...state.projects.values()].filter(({ orgId }) => orgId === state.orgId);
	return pageOf(state.settings, request, base, visible, (project) => renderProject(base, project));
}

function listClusters({ state, request, base, project, version }: OperationContext): object {
	const clusters = [...project.clusters.values()].filter(({ kind }) => kind !== "flex");
	return pageOf(state.settings, request, base, clusters, (cluster) => renderCluster(base, project, cluster, version));
}

const CLUSTER_JAVA = "ApiAtlasClusterDescriptionResource20240805";
const deprecated = { since: "Mon, 5 Aug 2024 00:00:00 GMT", sunset: "Thu, 1 Jul 2027 00:00:00 GMT" };
const clusters = {
	method: "GET",
	role: "Project Read Only",
	bucket: "clusters",
	versions: [{ date: "2023-01-01", deprecated }, { date: "2023-02-01", deprecated }, { date: "2024-08-05" }],
} as const;

export const projectOperations: readonly ApiOperation[] = [
	{
		kind: "groups",
		method: "GET",
		path: "/groups",
		versions: [{ date: "2023-01-01" }],
		bucket: "groups",
		run: listProjects,
	},
	// The `self` link of a project.
	{
		kind: "group",
		method: "GET",
		path: "/groups/:groupId",
		role: "Project Read Only",
		versions: [{ date: "2023-01-01" }],
		bucket: "groups",
		run: ({ base, project }) => renderProject(base, project),
	},
	{
		...clusters,
		kind: "clusters",
		path: "/groups/:groupId/clusters",
		javaMethod: `${CLUSTER_JAVA}::getClusters`,
		run: listClusters,
	},
	{
		...clusters,
		kind: "cluster",
		path: "/groups/:groupId/clusters/:clusterName",
		javaMethod: `${CLUSTER_JAVA}::getCluster`,
		run: (context) => renderCluster(context.base, context.project, findCluster(context), context.version),
	},
	{
		kind: "compliancePolicy",
		method: "GET",
		path: "/groups/:groupId/backupCompliancePolicy",
		role: "Project Read Only",
		versions: [{ date: "2023-01-01" }, { date: "2023-10-01" }],
		bucket: "backups",
		run: ({ project }) => renderCompliancePolicy(project),
	},
];
