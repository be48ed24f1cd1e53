import type { Project } from "../state/model.ts";
import type { BucketName } from "../state/settings.ts";
import type { AtlasState } from "../state/state.ts";
import { ApiError } from "./errors.ts";
import {
	type ApiOperation,
	anyCluster,
	CLUSTER_VERSIONS,
	dedicatedCluster,
	type OperationContext,
	type ResponseBody,
	SNAPSHOT_VERSIONS,
} from "./operation.ts";
import { renderCluster, renderFlexCluster, renderOrgGroup, renderProject, timestamp } from "./render.ts";
import { pageOf } from "./request.ts";

const visible = (state: AtlasState): Project[] =>
	[...state.projects.values()].filter(({ orgId }) => orgId === state.orgId);

const groups = ({ state, request, base }: OperationContext): ResponseBody =>
	pageOf(state.settings, request, base, visible(state), (project) => renderProject(base, project));

const allClusters = ({ state, request, base }: OperationContext): ResponseBody =>
	pageOf(state.settings, request, base, visible(state), renderOrgGroup);

function clusters(context: OperationContext): ResponseBody {
	const { state, request, base, project, version } = context;
	const dedicated = [...project.clusters.values()].filter(({ kind }) => kind !== "flex");
	return pageOf(state.settings, request, base, dedicated, (one) => renderCluster(base, project, one, version));
}

const cluster = (context: OperationContext): ResponseBody =>
	renderCluster(context.base, context.project, dedicatedCluster(context), context.version);

function flexClusters({ state, request, base, project }: OperationContext): ResponseBody {
	const flex = [...project.clusters.values()].filter(({ kind }) => kind === "flex");
	return pageOf(state.settings, request, base, flex, (one) => renderFlexCluster(project, one));
}

function flexCluster(context: OperationContext): ResponseBody {
	const one = anyCluster(context);
	if (one.kind !== "flex") throw new ApiError("CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API", [one.name]);
	return renderFlexCluster(context.project, one);
}

function compliancePolicy({ project }: OperationContext): ResponseBody {
	const policy = project.compliancePolicy;
	if (policy === undefined) return {};
	return {
		copyProtectionEnabled: true,
		encryptionAtRestEnabled: false,
		onDemandPolicyItem: {
			frequencyInterval: 0,
			frequencyType: "ondemand",
			id: project.id,
			retentionUnit: "days",
			retentionValue: policy.onDemandDays,
		},
		pitEnabled: false,
		projectId: project.id,
		restoreWindowDays: 0,
		scheduledPolicyItems: [],
		state: "ACTIVE",
		updatedDate: timestamp(project.createdAt),
	};
}

function schedule(context: OperationContext): ResponseBody {
	const one = dedicatedCluster(context);
	if (!one.backupEnabled) throw new ApiError("BACKUP_CONFIG_NOT_FOUND", [one.name, context.project.id]);
	return {
		autoExportEnabled: false,
		clusterId: one.id,
		clusterName: one.name,
		copySettings: [],
		links: [{ href: `${context.base}${context.request.path}`, rel: "self" }],
		policies: [],
		referenceHourOfDay: 2,
		referenceMinuteOfHour: 0,
		restoreWindowDays: 7,
		useOrgAndGroupNamesInExportPrefix: false,
	};
}

const SCOPES: Readonly<Record<BucketName, string>> = { backups: "GROUP", clusters: "GROUP", groups: "USER" };

function rateLimits({ state, request, base }: OperationContext): ResponseBody {
	const sets: readonly BucketName[] = ["backups", "clusters", "groups"];
	return pageOf(state.settings, request, base, sets, (name) => {
		const { capacity, refillRate, refillSeconds } = state.settings.buckets[name];
		const figure = (value: number) => ({ defaultValue: value, value });
		return {
			capacity: figure(capacity),
			endpointSetId: name,
			endpointSetName: name,
			refillDurationSeconds: figure(refillSeconds),
			refillRate: figure(refillRate),
			scope: SCOPES[name],
		};
	});
}

const FIRST = SNAPSHOT_VERSIONS;
const reader = { method: "GET", role: "Project Read Only" } as const;
const CLUSTER_JAVA = "ApiAtlasClusterDescriptionResource20240805";

export const projectOperations: readonly ApiOperation[] = [
	{ kind: "groups", method: "GET", path: "/groups", versions: FIRST, bucket: "groups", run: groups },
	{ kind: "allClusters", method: "GET", path: "/clusters", versions: FIRST, bucket: "groups", run: allClusters },
	{ kind: "rateLimits", method: "GET", path: "/rateLimits", versions: [{ date: "2025-03-12" }], run: rateLimits },
	{
		...reader,
		kind: "group",
		path: "/groups/:groupId",
		versions: FIRST,
		bucket: "groups",
		run: ({ base, project }) => renderProject(base, project),
	},
	{
		...reader,
		kind: "clusters",
		path: "/groups/:groupId/clusters",
		versions: CLUSTER_VERSIONS,
		bucket: "clusters",
		javaMethod: `${CLUSTER_JAVA}::getClusters`,
		run: clusters,
	},
	{
		...reader,
		kind: "cluster",
		path: "/groups/:groupId/clusters/:clusterName",
		versions: CLUSTER_VERSIONS,
		bucket: "clusters",
		javaMethod: `${CLUSTER_JAVA}::getCluster`,
		run: cluster,
	},
	{
		...reader,
		kind: "flexClusters",
		path: "/groups/:groupId/flexClusters",
		versions: [{ date: "2024-11-13" }],
		bucket: "groups",
		run: flexClusters,
	},
	{
		...reader,
		kind: "flexCluster",
		path: "/groups/:groupId/flexClusters/:clusterName",
		versions: [{ date: "2024-11-13" }],
		bucket: "groups",
		javaMethod: "ApiAtlasFlexClusterResource::getFlexCluster",
		run: flexCluster,
	},
	{
		...reader,
		kind: "compliancePolicy",
		path: "/groups/:groupId/backupCompliancePolicy",
		versions: [{ date: "2023-01-01" }, { date: "2023-10-01" }],
		bucket: "backups",
		run: compliancePolicy,
	},
	{
		...reader,
		kind: "schedule",
		path: "/groups/:groupId/clusters/:clusterName/backup/schedule",
		versions: [{ date: "2023-01-01" }, { date: "2024-08-05" }],
		bucket: "backups",
		run: schedule,
	},
];
