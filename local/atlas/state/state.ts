import { type Credentials, createCredentials, type KeySet, retireOldKeys, rotateKeys } from "./credentials.ts";
import { type Cluster, type Project, ROLES, type Role } from "./model.ts";
import {
	type ClusterOptions,
	createCluster,
	createProject,
	defaultProjects,
	HOME_ORG,
	type ProjectOptions,
} from "./projects.ts";
import { type Bucket, type DrawResult, draw, fullBucket } from "./rate-limit.ts";
import { type BucketName, changeSettings, defaultSettings, type Settings, type SettingsChange } from "./settings.ts";

/** Everything that the simulated Atlas knows. Plain data: change it, and the next request sees it. */
export interface AtlasState {
	/** Epoch milliseconds, by the clock given plus what `advance` added. */
	now(): number;
	/** Moves this state's clock on. */
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
	addProject(seed: ProjectOptions): Project;
	addCluster(projectId: string, seed: ClusterOptions | string): Cluster;
	/** New keys; the old ones stay good until `retireOldKeys`. */
	rotateKeys(): KeySet;
	retireOldKeys(): void;
}

export interface AtlasStateOptions {
	/** Epoch milliseconds, default `Date.now`. */
	readonly now?: () => number;
	readonly projects?: readonly ProjectOptions[];
	readonly settings?: SettingsChange;
	readonly credentials?: Partial<KeySet>;
	/** Default: the least that takes and follows snapshots, Project Backup Creator. */
	readonly roles?: readonly Role[];
}

export function createState(options: AtlasStateOptions = {}): AtlasState {
	// Looked up at each call: a fake clock may be put in its place later.
	const clock = options.now ?? (() => Date.now());
	let offset = 0;
	const now = (): number => clock() + offset;
	const projects = new Map<string, Project>();
	const credentials = createCredentials(options.credentials);
	const state: AtlasState = {
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
			present(state.project(projectId).clusters.get(name), `cluster ${name} does not exist`),
		addProject(seed) {
			const project = createProject(seed, now());
			projects.set(project.id, project);
			return project;
		},
		addCluster(projectId, seed) {
			const cluster = createCluster(seed, now());
			state.project(projectId).clusters.set(cluster.name, cluster);
			return cluster;
		},
		rotateKeys: () => rotateKeys(credentials),
		retireOldKeys: () => retireOldKeys(credentials),
	};
	changeSettings(state.settings, options.settings ?? {});
	for (const seed of options.projects ?? defaultProjects) state.addProject(seed);
	return state;
}

function present<T>(value: T | undefined, otherwise: string): T {
	if (value === undefined) throw new Error(otherwise);
	return value;
}

/** Whether the keys may do in `project` what `least` may. */
export function hasRole(state: AtlasState, project: Project, least: Role): boolean {
	const rank = ROLES.indexOf(least);
	return (project.roles ?? state.roles).some((role) => ROLES.indexOf(role) >= rank);
}

/** Draws a token of an endpoint set's bucket, which is kept in `holder`. */
export function takeToken(
	state: AtlasState,
	holder: Partial<Record<BucketName, Bucket>>,
	name: BucketName,
): DrawResult {
	const limit = state.settings.buckets[name];
	const now = state.now();
	holder[name] ??= fullBucket(limit, now);
	return draw(holder[name], limit, now);
}
