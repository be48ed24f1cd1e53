import type * as v from "valibot";
import { type CredentialStore, createCredentials, type KeySet, retireOldKeys, rotateKeys } from "./credentials.ts";
import { type Project, ROLES, type Role, type SimulatedCluster } from "./model.ts";
import {
	type ClusterOptions,
	createCluster,
	createProject,
	defaultProjects,
	HOME_ORG,
	type ProjectOptions,
} from "./projects.ts";
import type { Bucket } from "./rate-limit.ts";
import {
	type AtlasSettings,
	type BucketName,
	changeSettings,
	defaultSettings,
	type SettingsChange,
} from "./settings.ts";

/** All data of the simulator. Plain data: change it, and the next request sees it. */
export interface AtlasState {
	/** Epoch milliseconds, by the clock given plus what `advance` added. */
	now(): number;
	advance(seconds: number): void;
	readonly settings: AtlasSettings;
	readonly projects: Map<string, Project>;
	readonly credentials: CredentialStore;
	/** The organisation of the keys. */
	readonly orgId: string;
	/** Buckets of the user, that is of the keys; those of a project are in the project. */
	readonly buckets: Partial<Record<BucketName, Bucket>>;
	/** Roles of the keys in every project of their organisation that names none of its own. */
	roles: Role[];
	/** @throws Error where it does not exist */
	project(id: string): Project;
	/** @throws Error where it does not exist */
	cluster(projectId: string, name: string): SimulatedCluster;
	addProject(options: ProjectOptions): Project;
	addCluster(projectId: string, options: ClusterOptions | string): SimulatedCluster;
	/** New keys; the old ones stay valid until `retireOldKeys`. */
	rotateKeys(): KeySet;
	retireOldKeys(): void;
}

export interface AtlasStateOptions {
	/** Epoch milliseconds, default `Date.now`. */
	readonly now?: () => number;
	readonly projects?: readonly ProjectOptions[];
	readonly settings?: v.InferOutput<typeof SettingsChange>;
	readonly credentials?: Partial<KeySet>;
	/** Default: the least role that takes and polls snapshots, Project Backup Creator. */
	readonly roles?: readonly Role[];
}

export function createState(options: AtlasStateOptions = {}): AtlasState {
	// Read at each call: a fake clock may replace it later.
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
		roles: [...(options.roles ?? ["Project Backup Creator" as const])],
		project: (id) => existing(projects.get(id), `project ${id}`),
		cluster: (projectId, name) => existing(state.project(projectId).clusters.get(name), `cluster ${name}`),
		addProject(project) {
			const created = createProject(project, now());
			projects.set(created.id, created);
			return created;
		},
		addCluster(projectId, cluster) {
			const created = createCluster(cluster, now());
			state.project(projectId).clusters.set(created.name, created);
			return created;
		},
		rotateKeys: () => rotateKeys(credentials),
		retireOldKeys: () => retireOldKeys(credentials),
	};
	changeSettings(state.settings, options.settings ?? {});
	for (const project of options.projects ?? defaultProjects) state.addProject(project);
	return state;
}

function existing<T>(value: T | undefined, what: string): T {
	if (value === undefined) throw new Error(`${what} does not exist`);
	return value;
}

/** Whether the keys have at least this role in `project`. */
export function hasRole(state: AtlasState, project: Project, least: Role): boolean {
	const rank = ROLES.indexOf(least);
	return (project.roles ?? state.roles).some((role) => ROLES.indexOf(role) >= rank);
}
