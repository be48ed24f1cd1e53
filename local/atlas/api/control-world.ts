import * as v from "valibot";
import { changeSettings } from "../state/settings.ts";
import type { World } from "../state/state.ts";
import { takeSnapshot } from "../state/taking.ts";
import { lookAt } from "../state/timeline.ts";
import { Change } from "./change.ts";

/** Changes the world. @throws ValiError for a malformed change, Error for a project or cluster that is not there */
export function applyChange(world: World, given: unknown): void {
	const change = v.parse(Change, given);
	changeSettings(world.settings, change.settings ?? {});
	if (change.roles !== undefined) world.roles = change.roles;
	for (const [id, { roles, compliancePolicy }] of Object.entries(change.projects ?? {})) {
		const project = world.project(id);
		if (roles !== undefined) project.roles = roles ?? undefined;
		if (compliancePolicy !== undefined) project.compliancePolicy = compliancePolicy ?? undefined;
	}
	for (const { projectId, cluster, set } of change.addClusters ?? [])
		world.addCluster(projectId, { name: cluster, ...set });
	for (const { projectId, cluster, set } of change.clusters ?? [])
		Object.assign(world.cluster(projectId, cluster), set);
	for (const { projectId, cluster } of change.removeClusters ?? []) world.project(projectId).clusters.delete(cluster);
	for (const { projectId, cluster, ...request } of change.take ?? [])
		takeSnapshot(world, world.cluster(projectId, cluster), request);
	for (const { projectId, cluster, snapshotId } of change.removeSnapshots ?? []) {
		const found = world.cluster(projectId, cluster).snapshots.find(({ id }) => id === snapshotId);
		if (found !== undefined) found.deletedAt = world.now();
	}
	if (change.rotateKeys === true) world.rotateKeys();
	if (change.retireOldKeys === true) world.retireOldKeys();
}

/** The world as JSON: keys, settings, projects, clusters, and each snapshot with what it looks like now. */
export function describeWorld(world: World) {
	const now = world.now();
	return {
		now,
		keys: world.credentials.current,
		roles: world.roles,
		settings: world.settings,
		projects: [...world.projects.values()].map(({ clusters, ...project }) => ({
			...project,
			clusters: [...clusters.values()].map(({ snapshots, ...cluster }) => ({
				...cluster,
				snapshots: snapshots.map((snapshot) => ({
					...snapshot,
					now: lookAt(snapshot, world.cluster(project.id, cluster.name), now) ?? null,
				})),
			})),
		})),
	};
}
