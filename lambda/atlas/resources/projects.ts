import * as v from "valibot";
import { type Cluster, ClusterSchema } from "../../domain/cluster.ts";
import type { Target } from "../../domain/outcome.ts";
import type { KnownSecrets } from "../layers/known-secrets.ts";
import { type JsonRequests, type Resource, readPages } from "./requests.ts";

const ProjectSchema = v.looseObject({
	id: v.pipe(v.string(), v.regex(/^[a-f0-9]{24}$/)),
	name: v.optional(v.unknown()),
});

const PolicySchema = v.looseObject({
	onDemandPolicyItem: v.optional(
		v.nullable(v.looseObject({ retentionUnit: v.optional(v.unknown()), retentionValue: v.optional(v.unknown()) })),
	),
});

/** Atlas counts a month as 30 days and a year as 365. */
const DAYS: ReadonlyMap<string, number> = new Map([
	["days", 1],
	["weeks", 7],
	["months", 30],
	["years", 365],
]);

export type Projects = ReturnType<typeof createProjects>;

/**
 * Projects (Atlas's paths call them groups), their clusters and their Backup Compliance Policy. Every function rejects with
 * an `AtlasError`.
 *
 * @see Atlas Administration API, `listGroups`, `getGroupCluster`, `listGroupClusters`, `getGroupBackupCompliancePolicy`
 */
export const createProjects = (requests: JsonRequests, { isIn }: Pick<KnownSecrets, "isIn">) => ({
	/** Every project that the keys can see. */
	listProjects: () => readPages(requests, ProjectSchema, { path: "/groups" }),

	/** Flex clusters are `ATLAS_NOT_DEDICATED`. */
	readCluster: async (target: Target): Promise<Cluster> => {
		const cluster = await requests.get(ClusterSchema, clusterResource(target));
		// Messages contain the name, so it is the requested one, whatever the reply holds.
		return { ...cluster, name: target.clusterName };
	},

	listClusters: async (projectId: string): Promise<readonly Cluster[]> => {
		const clusters = await readPages(requests, ClusterSchema, projectResource(projectId, "/clusters"));
		// Names are published, so one that repeats a secret is dropped.
		return clusters.filter(({ name }) => !isIn(name));
	},

	/** @returns minimum retention of on-demand snapshots in whole days; `undefined` if no policy sets one */
	readLeastRetention: async (projectId: string): Promise<number | undefined> => {
		// A project without a policy has `{}`.
		const resource = projectResource(projectId, "/backupCompliancePolicy");
		const { onDemandPolicyItem } = await requests.get(PolicySchema, resource);
		const days = DAYS.get(String(onDemandPolicyItem?.retentionUnit).toLowerCase());
		const value = onDemandPolicyItem?.retentionValue;
		return days !== undefined && typeof value === "number" ? days * value : undefined;
	},
});

const projectResource = (projectId: string, rest: string): Resource => ({
	path: `/groups/${encodeURIComponent(projectId)}${rest}`,
	projectId,
});

export const clusterResource = ({ projectId, clusterName }: Target, rest = ""): Resource =>
	projectResource(projectId, `/clusters/${encodeURIComponent(clusterName)}${rest}`);
