import type { Bucket } from "./rate-limit.ts";
import type { BucketName } from "./settings.ts";

/** What a user or key may do in a project; each grants what the ones before it grant. */
export const ROLES = [
	"Project Read Only",
	"Project Backup Creator",
	"Project Backup Manager",
	"Project Owner",
] as const;
export type Role = (typeof ROLES)[number];

/** How a snapshot of a cluster will go; the next ones first, then the cluster's standing plan. */
export interface SnapshotPlan {
	/** Seconds from the POST to the end; absent, the simulator's setting. */
	readonly seconds?: number;
	/** `vanished` answers 404 from the end on; `endless` stays in progress for good. */
	readonly ending?: "completed" | "failed" | "vanished" | "endless";
	/** A status of the future, told from the moment the snapshot would be in progress until its end. */
	readonly unknownStatus?: string;
	/** `fallback` is what Atlas takes in another way when the usual one fails. */
	readonly snapshotType?: "onDemand" | "fallback" | "scheduled";
	/** What it holds once completed; absent, what the cluster says. */
	readonly sizeBytes?: number;
	/** Regions that it is copied to. */
	readonly copyRegions?: readonly string[];
}

/** A snapshot as asked for. What it looks like now is derived by `lookAt`. */
export interface Snapshot {
	readonly id: string;
	/** Epoch milliseconds of the POST. */
	readonly requestedAt: number;
	readonly description: string | undefined;
	readonly seconds: number;
	readonly ending: "completed" | "failed" | "vanished" | "endless";
	readonly unknownStatus: string | undefined;
	readonly snapshotType: "onDemand" | "fallback" | "scheduled";
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

export interface Tag {
	readonly key: string;
	readonly value: string;
}

export type ClusterKind = "replicaSet" | "sharded" | "flex" | "tenant";

export interface Cluster {
	readonly id: string;
	readonly name: string;
	kind: ClusterKind;
	/** Shards of a sharded cluster; 1 otherwise. */
	shards: number;
	stateName: "IDLE" | "CREATING" | "UPDATING" | "DELETING" | "REPAIRING";
	backupEnabled: boolean;
	paused: boolean;
	tags: Tag[];
	instanceSize: string;
	/** More than one makes it multi-cloud. */
	providers: ("AWS" | "AZURE" | "GCP")[];
	mongoDBVersion: string;
	/** What a completed snapshot of it holds. */
	sizeBytes: number;
	/** Epoch milliseconds. */
	createdAt: number;
	plan: SnapshotPlan;
	/** Plans for the next snapshots, used up one by one. */
	nextPlans: SnapshotPlan[];
	/** In the order in which they were asked for. */
	snapshots: Snapshot[];
}

export interface CompliancePolicy {
	/** Days for which on-demand snapshots must be kept at least. */
	readonly onDemandDays: number;
}

export interface Project {
	readonly id: string;
	readonly name: string;
	readonly orgId: string;
	readonly createdAt: number;
	tags: Tag[];
	readonly clusters: Map<string, Cluster>;
	compliancePolicy: CompliancePolicy | undefined;
	/** Roles of the keys here; undefined, those that the state gives everywhere. */
	roles: Role[] | undefined;
	readonly buckets: Partial<Record<BucketName, Bucket>>;
}
