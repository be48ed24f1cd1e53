import * as v from "valibot";
import { type AtlasErrorCode, TARGET_ERRORS } from "./error-table.ts";
import type { Reason } from "./outcome.ts";

/** A field that may be absent, `null`, or of another type than documented: then it counts as unknown. */
const lenient = <S extends v.GenericSchema>(schema: S) => v.optional(v.fallback(v.nullish(schema), undefined));

const RegionConfigSchema = v.object({
	providerName: lenient(v.string()),
	electableSpecs: lenient(v.object({ instanceSize: lenient(v.string()), effectiveInstanceSize: lenient(v.string()) })),
});

/**
 * Atlas's cluster, of any version of its schema, and a Flex cluster as well. Only `name` is asked for; nothing is
 * `required` in Atlas's own description, and what decides nothing is left out.
 *
 * @see Atlas Administration API, `ClusterDescription20240805`, `FlexClusterDescription20241113`
 */
export const ClusterSchema = v.object({
	name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/)),
	groupId: lenient(v.string()),
	clusterType: lenient(v.string()),
	stateName: lenient(v.string()),
	paused: lenient(v.boolean()),
	backupEnabled: lenient(v.boolean()),
	tags: lenient(v.array(v.object({ key: v.string(), value: v.string() }))),
	/** One entry per shard. */
	replicationSpecs: lenient(v.array(v.object({ regionConfigs: lenient(v.array(RegionConfigSchema)) }))),
	/** Of a Flex cluster, in place of `replicationSpecs`. */
	providerSettings: lenient(v.object({ providerName: lenient(v.string()) })),
});

export type Cluster = Readonly<v.InferOutput<typeof ClusterSchema>>;

/** Whether a cluster carries every one of the tags. */
export const hasTags = ({ tags }: Cluster, wanted: Readonly<Record<string, string>>): boolean =>
	Object.entries(wanted).every(([key, value]) => tags?.some((tag) => tag.key === key && tag.value === value));

/**
 * The reason why a cluster can't have an on-demand snapshot now, if any. What Atlas did not report about the cluster
 * speaks neither for nor against it: Atlas has the last word.
 *
 * `backupEnabled` alone would not do: Atlas documents it as true for shared tiers as well, which have no on-demand
 * snapshots, and a paused cluster keeps it while it has no backups.
 *
 * @see Atlas documentation, "Back Up Your Cluster" (M10 and larger) and "Pause One Cluster" (stops all backups)
 */
export function ineligibleReason(cluster: Cluster): Reason | undefined {
	const code = ineligibleCode(cluster);
	return code && { code, message: `cluster ${cluster.name}: ${TARGET_ERRORS[code].message}` };
}

function ineligibleCode(cluster: Cluster): AtlasErrorCode | undefined {
	if (isTenant(cluster)) return "ATLAS_NOT_DEDICATED";
	if (cluster.stateName === "CREATING") return "ATLAS_CLUSTER_CREATING";
	if (cluster.stateName === "DELETING") return "ATLAS_CLUSTER_DELETING";
	if (cluster.paused === true) return "ATLAS_CLUSTER_PAUSED";
	return cluster.backupEnabled === false ? "ATLAS_BACKUP_OFF" : undefined;
}

const SHARED_PROVIDERS: ReadonlySet<string | null | undefined> = new Set(["TENANT", "FLEX", "SERVERLESS"]);

function isTenant({ replicationSpecs, providerSettings }: Cluster): boolean {
	const regions = (replicationSpecs ?? []).flatMap(({ regionConfigs }) => regionConfigs ?? []);
	return [providerSettings, ...regions].some((shape) => SHARED_PROVIDERS.has(shape?.providerName));
}
