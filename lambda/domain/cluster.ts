import * as v from "valibot";

/** A field that may be absent, `null`, or of another type than documented: then it counts as unknown. */
const lenient = <S extends v.GenericSchema>(schema: S) => v.optional(v.fallback(v.nullish(schema), undefined));

const RegionConfigSchema = v.looseObject({
	providerName: lenient(v.string()),
	electableSpecs: lenient(
		v.looseObject({ instanceSize: lenient(v.string()), effectiveInstanceSize: lenient(v.string()) }),
	),
});

/**
 * Atlas's cluster, of any version of its schema, and a Flex cluster as well. Only `name` is asked for; nothing is
 * `required` in Atlas's own description, and unknown fields pass through.
 *
 * @see Atlas Administration API, `ClusterDescription20240805`, `FlexClusterDescription20241113`
 */
export const ClusterSchema = v.looseObject({
	name: v.string(),
	groupId: lenient(v.string()),
	clusterType: lenient(v.string()),
	stateName: lenient(v.string()),
	paused: lenient(v.boolean()),
	backupEnabled: lenient(v.boolean()),
	tags: lenient(v.array(v.looseObject({ key: v.string(), value: v.string() }))),
	/** One entry per shard. */
	replicationSpecs: lenient(v.array(v.looseObject({ regionConfigs: lenient(v.array(RegionConfigSchema)) }))),
	/** Of a Flex cluster, in place of `replicationSpecs`. */
	providerSettings: lenient(v.looseObject({ providerName: lenient(v.string()) })),
});

export type Cluster = Readonly<v.InferOutput<typeof ClusterSchema>>;

/** Whether a cluster carries every one of the tags. */
export const carries = ({ tags }: Cluster, wanted: Readonly<Record<string, string>>): boolean =>
	Object.entries(wanted).every(([key, value]) => tags?.some((tag) => tag.key === key && tag.value === value));
