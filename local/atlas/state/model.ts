import * as v from "valibot";
import type { Bucket } from "./rate-limit.ts";
import type { BucketName } from "./settings.ts";

/** Roles of a key in a project; each includes the ones before it. */
export const ROLES = [
	"Project Read Only",
	"Project Backup Creator",
	"Project Backup Manager",
	"Project Owner",
] as const;
export type Role = (typeof ROLES)[number];

const Amount = v.pipe(v.number(), v.minValue(0));
const ENDINGS = ["completed", "failed", "vanished", "endless"] as const;
const TYPES = ["onDemand", "fallback", "scheduled"] as const;

/** How a snapshot of a cluster will go. */
export const SnapshotPlan = v.partial(
	v.strictObject({
		/** From the POST to the end; absent, the simulator's setting. */
		seconds: Amount,
		/** `vanished` answers 404 from the end on; `endless` stays in progress. */
		ending: v.picklist(ENDINGS),
		/** A status that no client knows, in place of `inProgress`. */
		unknownStatus: v.string(),
		/** `fallback` is a snapshot that Atlas takes in another way when the usual one fails. */
		snapshotType: v.picklist(TYPES),
		/** Absent, the cluster's. */
		sizeBytes: Amount,
		/** Regions that it is copied to. */
		copyRegions: v.pipe(v.array(v.string()), v.readonly()),
	}),
);
export type SnapshotPlan = Readonly<v.InferOutput<typeof SnapshotPlan>>;

/** A snapshot as requested. Its state now is derived by `viewSnapshot`. */
export interface SimulatedSnapshot {
	readonly id: string;
	/** Epoch milliseconds of the POST. */
	readonly requestedAt: number;
	readonly description: string | undefined;
	readonly seconds: number;
	readonly ending: (typeof ENDINGS)[number];
	readonly unknownStatus: string | undefined;
	readonly snapshotType: (typeof TYPES)[number];
	readonly sharded: boolean;
	/** The snapshots of the shards and of the config servers; none for a replica set. */
	readonly members: readonly { readonly id: string; readonly replicaSetName: string }[];
	readonly sizeBytes: number | undefined;
	readonly copyRegions: readonly string[];
	/** Milliseconds of retention, counted from the end. */
	retention: number;
	/** Epoch milliseconds from which it is gone; undefined unless deleted. */
	deletedAt: number | undefined;
}

/** What can be changed about a cluster while the simulator runs. */
export const ClusterFields = v.strictObject({
	kind: v.picklist(["replicaSet", "sharded", "flex", "tenant"]),
	stateName: v.picklist(["IDLE", "CREATING", "UPDATING", "DELETING", "REPAIRING"]),
	backupEnabled: v.boolean(),
	paused: v.boolean(),
	tags: v.array(v.strictObject({ key: v.string(), value: v.string() })),
	/** Of every snapshot that has none in `nextPlans`. */
	plan: SnapshotPlan,
	/** Plans for the next snapshots, used up one by one. */
	nextPlans: v.array(SnapshotPlan),
});

export interface SimulatedCluster extends v.InferOutput<typeof ClusterFields> {
	readonly id: string;
	readonly name: string;
	/** Of a sharded cluster; 1 otherwise. */
	readonly shards: number;
	readonly instanceSize: string;
	readonly mongoDBVersion: string;
	/** Bytes of a completed snapshot whose plan names no size. */
	readonly sizeBytes: number;
	/** More than one makes it multi-cloud. */
	readonly providers: readonly ("AWS" | "AZURE" | "GCP")[];
	/** Epoch milliseconds. */
	readonly createdAt: number;
	/** In the order in which they were requested. */
	snapshots: SimulatedSnapshot[];
}

export interface Project {
	readonly id: string;
	readonly name: string;
	readonly orgId: string;
	/** Epoch milliseconds. */
	readonly createdAt: number;
	readonly tags: SimulatedCluster["tags"];
	readonly clusters: Map<string, SimulatedCluster>;
	/** Days for which on-demand snapshots must be kept at least. */
	compliancePolicy: { readonly onDemandDays: number } | undefined;
	/** Roles of the keys here; undefined, those of `AtlasState.roles`. */
	roles: Role[] | undefined;
	readonly buckets: Partial<Record<BucketName, Bucket>>;
}
