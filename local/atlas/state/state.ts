import { type Bucket, type Draw, draw, fullBucket } from "./bucket.ts";
import { type Credentials, type KeySet, openCredentials, retireOldKeys, rotateKeys } from "./credentials.ts";
import { type Cluster, type Project, ROLES, type Role } from "./model.ts";
import { type ClusterSeed, defaultProjects, HOME_ORG, type ProjectSeed, sowCluster, sowProject } from "./seed.ts";
import { type BucketName, changeSettings, defaultSettings, type Settings, type SettingsChange } from "./settings.ts";

/** Everything that the simulated Atlas knows. Plain data: change it, and the next request sees it. */
export interface World {
	/** Epoch milliseconds, by the clock given plus what `advance` added. */
	now(): number;
	/** Moves this world's clock on. */
	advance(seconds: number): void;
	readonly settings: Settings;
	readonly projects: Map<string, Project>;
	readonly credentials: Credentials;
	/** The organisation of the keys. */
	readonly orgId: string;
	/** Buckets of the user, that is of the keys; those of a project are in the project. */
	readonly buckets: Partial<Record<BucketName, Bucket>>;
	/** What the keys may do in every project of their organisation that names no roles of its own. */
	roles: Role[];
	/** The project, or a failure that says it does not exist. @throws Error */
	project(id: string): Project;
	/** The cluster, or a failure that says it does not exist. @throws Error */
	cluster(projectId: string, name: string): Cluster;
	addProject(seed: ProjectSeed): Project;
	addCluster(projectId: string, seed: ClusterSeed | string): Cluster;
	/** New keys; the old ones stay good until `retireOldKeys`. */
	rotateKeys(): KeySet;
	retireOldKeys(): void;
}

export interface WorldOptions {
	/** Epoch milliseconds, default `Date.now`. */
	readonly now?: () => number;
	readonly projects?: readonly ProjectSeed[];
	readonly settings?: SettingsChange;
	readonly credentials?: Partial<KeySet>;
	/** Default: the least that takes and follows snapshots, Project Backup Creator. */
	readonly roles?: readonly Role[];
}

export function createWorld(options: WorldOptions = {}): World {
	// Looked up at each call: a fake clock may be put in its place later.
	const clock = options.now ?? (() => Date.now());
	let offset = 0;
	const now = (): number => clock() + offset;
	const projects = new Map<string, Project>();
	const credentials = openCredentials(options.credentials);
	const world: World = {
		now,
		advance(seconds) {
			offset += seconds * 1000;
		},
		settings: defaultSettings(),
		projects,
		credentials,
		orgId: HOME_ORG,
		buckets: {},
		roles: [...(options.roles ?? ["Project Backup Creator"])],
		project: (id) => present(projects.get(id), `project ${id} does not exist`),
		cluster: (projectId, name) =>
			present(world.project(projectId).clusters.get(name), `cluster ${name} does not exist`),
		addProject(seed) {
			const project = sowProject(seed, now());
			projects.set(project.id, project);
			return project;
		},
		addCluster(projectId, seed) {
			const cluster = sowCluster(seed, now());
			world.project(projectId).clusters.set(cluster.name, cluster);
			return cluster;
		},
		rotateKeys: () => rotateKeys(credentials),
		retireOldKeys: () => retireOldKeys(credentials),
	};
	changeSettings(world.settings, options.settings ?? {});
	for (const seed of options.projects ?? defaultProjects) world.addProject(seed);
	return world;
}

function present<T>(value: T | undefined, otherwise: string): T {
	if (value === undefined) throw new Error(otherwise);
	return value;
}

/** Whether the keys may do in `project` what `least` may. */
export function mayDo(world: World, project: Project, least: Role): boolean {
	const rank = ROLES.indexOf(least);
	return (project.roles ?? world.roles).some((role) => ROLES.indexOf(role) >= rank);
}

/** Draws a token of an endpoint set's bucket, which is kept in `holder`. */
export function drawFrom(world: World, holder: Partial<Record<BucketName, Bucket>>, name: BucketName): Draw {
	const limit = world.settings.buckets[name];
	const now = world.now();
	holder[name] ??= fullBucket(limit, now);
	return draw(holder[name], limit, now);
}
