import * as v from "valibot";

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
export const carries = ({ tags }: Cluster, wanted: Readonly<Record<string, string>>): boolean =>
	Object.entries(wanted).every(([key, value]) => tags?.some((tag) => tag.key === key && tag.value === value));
