import type { Project } from "../state/model.ts";
import type { BucketName } from "../state/settings.ts";
import type { World } from "../state/state.ts";
import {
	type Admitted,
	type Answer,
	anyCluster,
	CLUSTER_VERSIONS,
	dedicatedCluster,
	type Operation,
	SNAPSHOT_VERSIONS,
} from "./operation.ts";
import { pageOf } from "./paging.ts";
import { Refused } from "./refused.ts";
import { renderCluster, renderFlexCluster, renderOrgGroup, renderProject } from "./render-cluster.ts";
import { timestamp } from "./render-snapshot.ts";

const visible = (world: World): Project[] => [...world.projects.values()].filter(({ orgId }) => orgId === world.orgId);

const groups = ({ world, exchange, base }: Admitted): Answer =>
	pageOf(world.settings, exchange, base, visible(world), (project) => renderProject(base, project));

const allClusters = ({ world, exchange, base }: Admitted): Answer =>
	pageOf(world.settings, exchange, base, visible(world), renderOrgGroup);

function clusters(admitted: Admitted): Answer {
	const { world, exchange, base, project, version } = admitted;
	const dedicated = [...project.clusters.values()].filter(({ kind }) => kind !== "flex");
	return pageOf(world.settings, exchange, base, dedicated, (one) => renderCluster(base, project, one, version));
}

const cluster = (admitted: Admitted): Answer =>
	renderCluster(admitted.base, admitted.project, dedicatedCluster(admitted), admitted.version);

function flexClusters({ world, exchange, base, project }: Admitted): Answer {
	const flex = [...project.clusters.values()].filter(({ kind }) => kind === "flex");
	return pageOf(world.settings, exchange, base, flex, (one) => renderFlexCluster(project, one));
}

function flexCluster(admitted: Admitted): Answer {
	const one = anyCluster(admitted);
	if (one.kind !== "flex") throw new Refused("CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API", [one.name]);
	return renderFlexCluster(admitted.project, one);
}

function compliancePolicy({ project }: Admitted): Answer {
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

function schedule(admitted: Admitted): Answer {
	const one = dedicatedCluster(admitted);
	if (!one.backupEnabled) throw new Refused("BACKUP_CONFIG_NOT_FOUND", [one.name, admitted.project.id]);
	return {
		autoExportEnabled: false,
		clusterId: one.id,
		clusterName: one.name,
		copySettings: [],
		links: [{ href: `${admitted.base}${admitted.exchange.path}`, rel: "self" }],
		policies: [],
		referenceHourOfDay: 2,
		referenceMinuteOfHour: 0,
		restoreWindowDays: 7,
		useOrgAndGroupNamesInExportPrefix: false,
	};
}

const SCOPES: Readonly<Record<BucketName, string>> = { backups: "GROUP", clusters: "GROUP", groups: "USER" };

function rateLimits({ world, exchange, base }: Admitted): Answer {
	const sets: readonly BucketName[] = ["backups", "clusters", "groups"];
	return pageOf(world.settings, exchange, base, sets, (name) => {
		const { capacity, refillRate, refillSeconds } = world.settings.buckets[name];
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

export const projectOperations: readonly Operation[] = [
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
