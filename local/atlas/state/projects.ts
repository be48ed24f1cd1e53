import { randomBytes } from "node:crypto";
import type { Project, SimulatedCluster } from "./model.ts";

type Tags = SimulatedCluster["tags"] | Readonly<Record<string, string>>;

/** A cluster to begin with. */
export interface ClusterOptions extends Partial<Omit<SimulatedCluster, "id" | "tags" | "createdAt" | "snapshots">> {
	readonly name: string;
	readonly tags?: Tags;
}

export interface ProjectOptions extends Partial<Pick<Project, "id" | "name" | "orgId" | "compliancePolicy" | "roles">> {
	/** A bare name is a running replica set with backups. */
	readonly clusters?: readonly (ClusterOptions | string)[];
	readonly tags?: Tags;
}

/** The organisation to which the keys belong. */
export const HOME_ORG = "5f0a1b2c3d4e5f6071829301";
const FOREIGN_ORG = "5f0a1b2c3d4e5f6071829302";

/** Clusters that can have snapshots, and one of each kind that cannot. */
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

const isList = (tags: Tags): tags is SimulatedCluster["tags"] => Array.isArray(tags);

const toTags = (tags: Tags = []): SimulatedCluster["tags"] =>
	isList(tags) ? [...tags] : Object.entries(tags).map(([key, value]) => ({ key, value }));

const INSTANCE_SIZES = { replicaSet: "M10", sharded: "M30", flex: "FLEX", tenant: "M0" };

/** @param now epoch milliseconds */
export function createCluster(options: ClusterOptions | string, now: number): SimulatedCluster {
	const { name, kind = "replicaSet", ...given } = typeof options === "string" ? { name: options } : options;
	return {
		id: objectId(now),
		name,
		kind,
		shards: kind === "sharded" ? (given.shards ?? 2) : 1,
		instanceSize: given.instanceSize ?? INSTANCE_SIZES[kind],
		mongoDBVersion: given.mongoDBVersion ?? "8.0.29",
		sizeBytes: given.sizeBytes ?? 1582854144,
		stateName: given.stateName ?? "IDLE",
		backupEnabled: given.backupEnabled ?? kind !== "tenant",
		paused: given.paused ?? false,
		tags: toTags(given.tags),
		providers: given.providers ?? ["AWS"],
		createdAt: now,
		plan: given.plan ?? {},
		nextPlans: [...(given.nextPlans ?? [])],
		snapshots: [],
	};
}

/** @param now epoch milliseconds */
export function createProject(options: ProjectOptions, now: number): Project {
	const id = options.id ?? objectId(now);
	const clusters = (options.clusters ?? []).map((cluster) => createCluster(cluster, now));
	return {
		id,
		name: options.name ?? `project-${id.slice(-4)}`,
		orgId: options.orgId ?? HOME_ORG,
		createdAt: now,
		tags: toTags(options.tags),
		clusters: new Map(clusters.map((cluster) => [cluster.name, cluster])),
		compliancePolicy: options.compliancePolicy,
		roles: options.roles,
		buckets: {},
	};
}

let processPart = randomBytes(5).toString("hex");
let counter = randomBytes(3).readUIntBE(0, 3);

/** Makes the ids that follow the same each time. @param id ten hexadecimal digits, in place of the process's own */
export function restartObjectIds(id: string): void {
	processPart = id;
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
	const seconds = Math.floor(at / 1000);
	return `${seconds.toString(16).padStart(8, "0")}${processPart}${counter.toString(16).padStart(6, "0")}`;
}

/** An id in a path or a body. */
export const OBJECT_ID = /^[a-f0-9]{24}$/;
