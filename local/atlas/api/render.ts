import type { Cluster, Project, Snapshot } from "../state/model.ts";
import type { SnapshotView } from "../state/snapshots.ts";

/** Whole seconds, as Atlas writes times. @param at epoch milliseconds */
export const timestamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** The address of a cluster's resource. */
const clusterHref = (base: string, project: Project, cluster: Cluster): string =>
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

/** Regions of a shard: one per provider, or the tenant's. */
function regionConfigs(cluster: Cluster) {
	if (cluster.kind === "tenant")
		return [
			{
				electableSpecs: { effectiveInstanceSize: cluster.instanceSize, instanceSize: cluster.instanceSize },
				backingProviderName: cluster.providers[0],
				priority: 7,
				providerName: "TENANT",
				regionName: "US_EAST_1",
			},
		];
	const specs = { instanceSize: cluster.instanceSize, diskIOPS: 3000, diskSizeGB: 10, ebsVolumeType: "STANDARD" };
	return cluster.providers.map((providerName, index) => ({
		electableSpecs: { ...specs, nodeCount: index === 0 ? 3 : 2 },
		priority: 7 - index,
		providerName,
		regionName: "US_EAST_1",
	}));
}

const childId = (cluster: Cluster, index: number): string =>
	`${cluster.id.slice(0, 20)}${(0xf000 + index).toString(16)}`;

/**
 * A cluster of the Cluster API. From 2024-08-05 on there is one entry of `replicationSpecs` per shard; before, one with
 * `numShards`.
 */
export function renderCluster(base: string, project: Project, cluster: Cluster, version: string) {
	const modern = version >= "2024-08-05";
	const home = clusterHref(base, project, cluster);
	const spec = (index: number) => ({
		id: childId(cluster, index),
		...(modern ? {} : { numShards: cluster.shards }),
		regionConfigs: regionConfigs(cluster),
		zoneId: childId(cluster, 0xfff),
		zoneName: "Zone 1",
	});
	const specs = Array.from({ length: modern ? cluster.shards : 1 }, (_, index) => spec(index));
	return {
		...(modern ? { adaptiveCapacity: null } : {}),
		backupEnabled: cluster.backupEnabled,
		biConnector: { enabled: false, readPreference: "secondary" },
		clusterType: cluster.kind === "sharded" ? "SHARDED" : "REPLICASET",
		connectionStrings: { standardSrv: `mongodb+srv://${cluster.name}.example.mongodb.net` },
		createDate: timestamp(cluster.createdAt),
		...(modern ? { effectiveDatabaseEdition: "CORE", effectiveReplicationSpecs: specs } : {}),
		encryptionAtRestProvider: "NONE",
		groupId: project.id,
		id: cluster.id,
		labels: [],
		links: [
			{ href: home, rel: "self" },
			{ href: `${home}/backup/restoreJobs`, rel: "https://cloud.mongodb.com/restoreJobs" },
			{ href: `${home}/backup/snapshots`, rel: "https://cloud.mongodb.com/snapshots" },
		],
		mongoDBMajorVersion: cluster.mongoDBVersion.split(".").slice(0, 2).join("."),
		mongoDBVersion: cluster.mongoDBVersion,
		name: cluster.name,
		paused: cluster.paused,
		pitEnabled: cluster.backupEnabled && cluster.kind !== "tenant",
		replicationSpecs: specs,
		rootCertType: "ISRGROOTX1",
		stateName: cluster.stateName,
		tags: cluster.tags,
		terminationProtectionEnabled: false,
		versionReleaseSystem: "LTS",
	};
}

/** A cluster of the Flex API. */
export function renderFlexCluster(project: Project, cluster: Cluster) {
	return {
		backupSettings: { enabled: cluster.backupEnabled },
		clusterType: "REPLICASET",
		connectionStrings: { standardSrv: `mongodb+srv://${cluster.name}.example.mongodb.net` },
		createDate: timestamp(cluster.createdAt),
		groupId: project.id,
		id: cluster.id,
		mongoDBVersion: cluster.mongoDBVersion,
		name: cluster.name,
		providerSettings: {
			backingProviderName: cluster.providers[0],
			diskSizeGB: 5,
			providerName: "FLEX",
			regionName: "US_EAST_1",
		},
		stateName: cluster.stateName,
		tags: cluster.tags,
		terminationProtectionEnabled: false,
		versionReleaseSystem: "LTS",
	};
}

export function renderProject(base: string, project: Project) {
	return {
		clusterCount: project.clusters.size,
		created: timestamp(project.createdAt),
		id: project.id,
		links: [{ href: `${base}/api/atlas/v2/groups/${project.id}`, rel: "self" }],
		name: project.name,
		orgId: project.orgId,
		tags: project.tags,
		withDefaultAlertsSettings: true,
	};
}

/** A project of `GET /clusters`, which knows no tags, tiers or pauses, and no cluster of more than one cloud. */
export function renderOrgGroup(project: Project) {
	const clusters = [...project.clusters.values()].filter(({ providers }) => providers.length === 1);
	return {
		clusters: clusters.map((cluster) => ({
			alertCount: 0,
			authEnabled: true,
			availability: cluster.paused ? "unavailable" : "available",
			backupEnabled: cluster.backupEnabled,
			clusterId: cluster.id,
			dataSizeBytes: cluster.sizeBytes,
			name: cluster.name,
			nodeCount: 3 * cluster.shards,
			sslEnabled: true,
			type: cluster.kind === "sharded" ? "SHARDED_CLUSTER" : "REPLICA_SET",
			versions: [cluster.mongoDBVersion],
		})),
		groupId: project.id,
		groupName: project.name,
		orgId: project.orgId,
		orgName: "Example",
		planType: "Cloud",
		tags: [],
	};
}
