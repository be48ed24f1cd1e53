import type { Project, SimulatedCluster, SimulatedSnapshot } from "../state/model.ts";
import type { SnapshotView } from "../state/snapshots.ts";

/** Whole seconds, as Atlas writes times. @param at epoch milliseconds */
const timestamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

const clusterUrl = (base: string, project: Project, cluster: SimulatedCluster): string =>
	`${base}/api/atlas/v2/groups/${project.id}/clusters/${cluster.name}`;

/** A snapshot as Atlas would show it; fields appear when they appear in the recordings, in the same order. */
export function renderSnapshot(
	base: string,
	project: Project,
	cluster: SimulatedCluster,
	snapshot: SimulatedSnapshot,
	{ cloudProvider, createdAt, ...view }: SnapshotView,
): object {
	const { sharded } = snapshot;
	const url = clusterUrl(base, project, cluster);
	const members = cloudProvider === undefined ? [] : snapshot.members.map((member) => ({ cloudProvider, ...member }));
	// A field that is undefined is left out of the JSON.
	return {
		...(sharded ? { configServerType: "DEDICATED" } : { cloudProvider, copyRegions: snapshot.copyRegions }),
		createdAt: createdAt === undefined ? undefined : timestamp(createdAt),
		description: snapshot.description,
		expiresAt: timestamp(view.expiresAt),
		frequencyType: snapshot.snapshotType === "scheduled" ? "daily" : "ondemand",
		id: snapshot.id,
		links: [
			{ href: `${url}/backup/snapshots/${sharded ? "shardedCluster/" : ""}${snapshot.id}`, rel: "self" },
			{ href: url, rel: "https://cloud.mongodb.com/cluster" },
		],
		members: sharded ? members : undefined,
		mongodVersion: view.mongodVersion,
		policyItems: [],
		...(sharded ? { snapshotIds: members.map(({ id }) => id) } : { replicaSetName: cluster.name }),
		snapshotType: snapshot.snapshotType,
		status: view.status,
		storageSizeBytes: view.storageSizeBytes,
		type: sharded ? "shardedCluster" : "replicaSet",
	};
}

/** Regions of a shard: one per provider, or the tenant's. */
function regionConfigs({ kind, providers, instanceSize }: SimulatedCluster): object[] {
	const regionName = "US_EAST_1";
	if (kind === "tenant") {
		const electableSpecs = { effectiveInstanceSize: instanceSize, instanceSize };
		return [{ electableSpecs, backingProviderName: providers[0], priority: 7, providerName: "TENANT", regionName }];
	}
	const specs = { instanceSize, diskIOPS: 3000, diskSizeGB: 10, ebsVolumeType: "STANDARD" };
	return providers.map((providerName, index) => ({
		electableSpecs: { ...specs, nodeCount: index === 0 ? 3 : 2 },
		priority: 7 - index,
		providerName,
		regionName,
	}));
}

/**
 * A cluster of the Cluster API. From 2024-08-05 on there is one entry of `replicationSpecs` per shard; before, one with
 * `numShards`.
 */
export function renderCluster(base: string, project: Project, cluster: SimulatedCluster, version: string): object {
	const isCurrent = version >= "2024-08-05";
	const url = clusterUrl(base, project, cluster);
	const childId = (index: number) => `${cluster.id.slice(0, 20)}${(0xf000 + index).toString(16)}`;
	const specs = Array.from({ length: isCurrent ? cluster.shards : 1 }, (_, index) => ({
		id: childId(index),
		numShards: isCurrent ? undefined : cluster.shards,
		regionConfigs: regionConfigs(cluster),
		zoneId: childId(0xfff),
		zoneName: "Zone 1",
	}));
	return {
		adaptiveCapacity: isCurrent ? null : undefined,
		backupEnabled: cluster.backupEnabled,
		biConnector: { enabled: false, readPreference: "secondary" },
		clusterType: cluster.kind === "sharded" ? "SHARDED" : "REPLICASET",
		connectionStrings: { standardSrv: `mongodb+srv://${cluster.name}.example.mongodb.net` },
		createDate: timestamp(cluster.createdAt),
		...(isCurrent && { effectiveDatabaseEdition: "CORE", effectiveReplicationSpecs: specs }),
		encryptionAtRestProvider: "NONE",
		groupId: project.id,
		id: cluster.id,
		labels: [],
		links: [
			{ href: url, rel: "self" },
			{ href: `${url}/backup/restoreJobs`, rel: "https://cloud.mongodb.com/restoreJobs" },
			{ href: `${url}/backup/snapshots`, rel: "https://cloud.mongodb.com/snapshots" },
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

export const renderProject = (base: string, project: Project): object => ({
	clusterCount: project.clusters.size,
	created: timestamp(project.createdAt),
	id: project.id,
	links: [{ href: `${base}/api/atlas/v2/groups/${project.id}`, rel: "self" }],
	name: project.name,
	orgId: project.orgId,
	tags: project.tags,
	withDefaultAlertsSettings: true,
});

/** The Backup Compliance Policy; Atlas answers `{}` where there is none. */
export function renderCompliancePolicy({ id, createdAt, compliancePolicy }: Project): object {
	if (compliancePolicy === undefined) return {};
	return {
		copyProtectionEnabled: true,
		encryptionAtRestEnabled: false,
		onDemandPolicyItem: {
			frequencyInterval: 0,
			frequencyType: "ondemand",
			id,
			retentionUnit: "days",
			retentionValue: compliancePolicy.onDemandDays,
		},
		pitEnabled: false,
		projectId: id,
		restoreWindowDays: 0,
		scheduledPolicyItems: [],
		state: "ACTIVE",
		updatedDate: timestamp(createdAt),
	};
}
