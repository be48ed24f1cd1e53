import * as v from "valibot";
import { ROLES } from "../state/model.ts";

const Positive = v.pipe(v.number(), v.minValue(0));
const Limit = v.strictObject({
	capacity: Positive,
	refillRate: Positive,
	refillSeconds: v.pipe(v.number(), v.minValue(0.001)),
});
const Refusal = v.strictObject({ status: Positive, errorCode: v.string() });

const Settings = v.partial(
	v.strictObject({
		snapshotSeconds: Positive,
		conflictStatus: v.picklist([400, 409]),
		itemsPerPage: Positive,
		itemsPerPageCap: Positive,
		listDelaySeconds: Positive,
		listOrder: v.picklist(["oldestFirst", "newestFirst"]),
		envelopeKey: v.picklist(["content", "envelope"]),
		tokenSeconds: Positive,
		tokensPerMinute: Positive,
		liveTokens: Positive,
		tokenErrorStyle: v.picklist(["rfc6749", "apiError"]),
		digestAlgorithms: v.array(v.picklist(["MD5", "SHA-256"])),
		nonceSeconds: Positive,
		nonceUses: Positive,
		nonceCountsRise: v.boolean(),
		unauthorizedErrorCode: v.nullable(v.string()),
		rateLimitHeaders: v.boolean(),
		buckets: v.partial(v.strictObject({ backups: Limit, clusters: Limit, groups: Limit })),
		accessList: v.nullable(v.array(v.string())),
		clientAddress: v.nullable(v.string()),
		goneVersions: v.array(v.string()),
		upgrading: v.boolean(),
		deleteSeconds: Positive,
		refusals: v.partial(
			v.strictObject({
				tenant: Refusal,
				paused: Refusal,
				backupOff: Refusal,
				creating: Refusal,
				deleting: Refusal,
			}),
		),
	}),
);

const Tags = v.array(v.strictObject({ key: v.string(), value: v.string() }));
const Plan = v.partial(
	v.strictObject({
		seconds: Positive,
		ending: v.picklist(["completed", "failed", "vanished", "endless"]),
		unknownStatus: v.string(),
		snapshotType: v.picklist(["onDemand", "fallback", "scheduled"]),
		sizeBytes: Positive,
		copyRegions: v.array(v.string()),
	}),
);
const ClusterChange = v.partial(
	v.strictObject({
		kind: v.picklist(["replicaSet", "sharded", "flex", "tenant"]),
		stateName: v.picklist(["IDLE", "CREATING", "UPDATING", "DELETING", "REPAIRING"]),
		backupEnabled: v.boolean(),
		paused: v.boolean(),
		tags: Tags,
		plan: Plan,
		nextPlans: v.array(Plan),
	}),
);
const Named = v.object({ projectId: v.string(), cluster: v.string() });

/** What `POST /_control/world` may turn. Unknown members are refused. */
export const Change = v.partial(
	v.strictObject({
		settings: Settings,
		roles: v.array(v.picklist(ROLES)),
		/** By project id; null takes the project's own roles or policy away. */
		projects: v.record(
			v.string(),
			v.partial(
				v.strictObject({
					roles: v.nullable(v.array(v.picklist(ROLES))),
					compliancePolicy: v.nullable(v.strictObject({ onDemandDays: Positive })),
				}),
			),
		),
		addClusters: v.array(v.strictObject({ ...Named.entries, set: v.optional(ClusterChange) })),
		clusters: v.array(v.strictObject({ ...Named.entries, set: ClusterChange })),
		removeClusters: v.array(v.strictObject(Named.entries)),
		/** Snapshots that somebody else takes. */
		take: v.array(
			v.strictObject({
				...Named.entries,
				description: v.optional(v.string()),
				retentionInDays: v.optional(v.pipe(v.number(), v.minValue(1)), 1),
				plan: v.optional(Plan),
			}),
		),
		removeSnapshots: v.array(v.strictObject({ ...Named.entries, snapshotId: v.string() })),
		rotateKeys: v.boolean(),
		retireOldKeys: v.boolean(),
	}),
);
