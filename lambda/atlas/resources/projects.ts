import * as v from "valibot";
import { type Cluster, ClusterSchema } from "../../domain/cluster.ts";
import type { Target } from "../../domain/outcome.ts";
import type { KnownSecrets } from "../layers/known-secrets.ts";
import { type JsonRequests, type Resource, readPages } from "./requests.ts";

const ProjectSchema = v.looseObject({
	id: v.pipe(v.string(), v.regex(/^[a-f0-9]{24}$/)),
	name: v.optional(v.unknown()),
});

/** A project; Atlas's paths call it a group. */
type Project = Readonly<v.InferOutput<typeof ProjectSchema>>;

export interface Projects {
	/** Every project that the keys can see. Rejects with an `AtlasError`. */
	readonly listProjects: () => Promise<readonly Project[]>;
}

/** @see Atlas Administration API, Projects (`listGroups`) */
export const createProjects = (requests: JsonRequests): Projects => ({
	listProjects: () => readPages(requests, ProjectSchema, { path: "/groups" }),
});

/** Clusters of a project. All reject with an `AtlasError`; Flex clusters are `ATLAS_NOT_DEDICATED` by name. */
export interface Clusters {
	readonly readCluster: (target: Target) => Promise<Cluster>;
	readonly listClusters: (projectId: string) => Promise<readonly Cluster[]>;
}

/** @see Atlas Administration API, Clusters (`getGroupCluster`, `listGroupClusters`) */
export function createClusters(requests: JsonRequests, { isIn }: Pick<KnownSecrets, "isIn">): Clusters {
	return {
		readCluster: async (target) => {
			const cluster = await requests.get(ClusterSchema, clusterResource(target));
			// Messages contain the name, so it is the requested one, whatever the reply holds.
			return { ...cluster, name: target.clusterName };
		},
		async listClusters(projectId) {
			const resource = { path: `/groups/${encodeURIComponent(projectId)}/clusters`, projectId };
			const clusters = await readPages(requests, ClusterSchema, resource);
			// Names are published, so one that repeats a secret is dropped.
			return clusters.filter(({ name }) => !isIn(name));
		},
	};
}

export const clusterResource = ({ projectId, clusterName }: Target): Resource => ({
	path: `/groups/${encodeURIComponent(projectId)}/clusters/${encodeURIComponent(clusterName)}`,
	projectId,
});

const PolicySchema = v.looseObject({
	onDemandPolicyItem: v.optional(
		v.nullable(v.looseObject({ retentionUnit: v.optional(v.unknown()), retentionValue: v.optional(v.unknown()) })),
	),
});

/** Backup Compliance Policies. */
export interface CompliancePolicies {
	/** @returns minimum retention of on-demand snapshots in whole days; `undefined` if no policy sets one */
	readonly readLeastRetention: (projectId: string) => Promise<number | undefined>;
}

/** @see Atlas Administration API, Cloud Backups (`getGroupBackupCompliancePolicy`); a project without a policy has `{}` */
export const createCompliancePolicies = (requests: JsonRequests): CompliancePolicies => ({
	async readLeastRetention(projectId) {
		const path = `/groups/${encodeURIComponent(projectId)}/backupCompliancePolicy`;
		const { onDemandPolicyItem } = await requests.get(PolicySchema, { path, projectId });
		const days = DAYS.get(String(onDemandPolicyItem?.retentionUnit).toLowerCase());
		const value = onDemandPolicyItem?.retentionValue;
		return days !== undefined && typeof value === "number" ? days * value : undefined;
	},
});

/** Atlas counts a month as 30 days and a year as 365. */
const DAYS: ReadonlyMap<string, number> = new Map([
	["days", 1],
	["weeks", 7],
	["months", 30],
	["years", 365],
]);
