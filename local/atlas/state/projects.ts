import { randomBytes } from "node:crypto";
import type { Cluster, ClusterKind, CompliancePolicy, Project, Role, SnapshotPlan, Tag } from "./model.ts";

/** A cluster to begin with; a bare name is a running replica set with backups. */
export interface ClusterOptions {
	readonly name: string;
	readonly kind?: ClusterKind;
	/** Shards of a sharded cluster, default 2. */
	readonly shards?: number;
	readonly stateName?: Cluster["stateName"];
	readonly backupEnabled?: boolean;
	readonly paused?: boolean;
	/** Pairs, or an object of them. */
	readonly tags?: readonly Tag[] | Readonly<Record<string, string>>;
	readonly instanceSize?: string;
	readonly providers?: Cluster["providers"];
	readonly mongoDBVersion?: string;
	readonly sizeBytes?: number;
	readonly plan?: SnapshotPlan;
	readonly nextPlans?: readonly SnapshotPlan[];
}

export interface ProjectOptions {
	readonly id?: string;
	readonly name?: string;
	/** Another one than the keys' makes the project foreign to them. */
	readonly orgId?: string;
	readonly tags?: readonly Tag[] | Readonly<Record<string, string>>;
	readonly clusters?: readonly (ClusterOptions | string)[];
	readonly compliancePolicy?: CompliancePolicy;
	readonly roles?: readonly Role[];
}

/** The organisation to which the keys belong. */
export const HOME_ORG = "5f0a1b2c3d4e5f6071829301";
const FOREIGN_ORG = "5f0a1b2c3d4e5f6071829302";

/** A small firm: what works, and one of everything that does not. */
export const defaultProjects: readonly ProjectOptions[] = [
	{
		id: "5f0a1b2c3d4e5f6071829311",
		name: "shop",
		clusters: [
			{ name: "prod-a", tags: { backup: "nightly", tier: "gold" } },
			{ name: "prod-b", tags: { backup: "nightly" } },
			{ name: "events", kind: "sharded", tags: { backup: "weekly" } },
			{ name: "archive", paused: true, tags: { backup: "nightly" } },
			{ name: "scratch", backupEnabled: false },
			{ name: "sandbox", kind: "tenant" },
			{ name: "playground", kind: "flex" },
		],
	},
	{ id: "5f0a1b2c3d4e5f6071829312", name: "staging", clusters: [{ name: "stage", tags: { backup: "nightly" } }] },
	{ id: "5f0a1b2c3d4e5f6071829313", name: "neighbour", orgId: FOREIGN_ORG, clusters: ["theirs"] },
];

const tagList = (tags: ProjectOptions["tags"] = []): Tag[] =>
	isList(tags) ? [...tags] : Object.entries(tags).map(([key, value]) => ({ key, value }));

const isList = (tags: NonNullable<ProjectOptions["tags"]>): tags is readonly Tag[] => Array.isArray(tags);

const SIZE: Record<ClusterKind, string> = { replicaSet: "M10", sharded: "M30", flex: "FLEX", tenant: "M0" };

/** A cluster as it is after its seed was sown. @param now epoch milliseconds */
export function createCluster(seed: ClusterOptions | string, now: number): Cluster {
	const given: ClusterOptions = typeof seed === "string" ? { name: seed } : seed;
	const kind = given.kind ?? "replicaSet";
	return {
		id: objectId(now),
		name: given.name,
		kind,
		shards: kind === "sharded" ? (given.shards ?? 2) : 1,
		stateName: given.stateName ?? "IDLE",
		backupEnabled: given.backupEnabled ?? kind !== "tenant",
		paused: given.paused ?? false,
		tags: tagList(given.tags),
		instanceSize: given.instanceSize ?? SIZE[kind],
		providers: [...(given.providers ?? ["AWS"])],
		mongoDBVersion: given.mongoDBVersion ?? "8.0.29",
		sizeBytes: given.sizeBytes ?? 1582854144,
		createdAt: now,
		plan: given.plan ?? {},
		nextPlans: [...(given.nextPlans ?? [])],
		snapshots: [],
	};
}

/** @param now epoch milliseconds */
export function createProject(seed: ProjectOptions, now: number): Project {
	const id = seed.id ?? objectId(now);
	return {
		id,
		name: seed.name ?? `project-${id.slice(-4)}`,
		orgId: seed.orgId ?? HOME_ORG,
		createdAt: now,
		tags: tagList(seed.tags),
		clusters: new Map(
			(seed.clusters ?? []).map((cluster) => {
				const sown = createCluster(cluster, now);
				return [sown.name, sown];
			}),
		),
		compliancePolicy: seed.compliancePolicy,
		roles: seed.roles && [...seed.roles],
		buckets: {},
	};
}

let process5 = randomBytes(5).toString("hex");
let counter = randomBytes(3).readUIntBE(0, 3);

/**
 * Makes the ids from now on the same each time.
 *
 * @param id stands for the process, in ten hexadecimal digits
 */
export function restartObjectIds(id: string): void {
	process5 = id;
	counter = 0;
}

/**
 * A new ObjectId: four bytes of seconds, five of the process, three of a counter. Atlas's snapshot ids carry the second
 * of the POST, and so do these.
 *
 * @param at epoch milliseconds
 */
export function objectId(at: number): string {
	counter = (counter + 1) % 0x1000000;
	return `${Math.floor(at / 1000)
		.toString(16)
		.padStart(8, "0")}${process5}${counter.toString(16).padStart(6, "0")}`;
}

/** As ids travel in paths and bodies. */
export const OBJECT_ID = /^[a-f0-9]{24}$/;
