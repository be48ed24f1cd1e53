import * as v from "valibot";
import { changeSettings } from "../state/settings.ts";
import type { AtlasState } from "../state/state.ts";
import { takeSnapshot } from "../state/taking.ts";
import { viewSnapshot } from "../state/timeline.ts";
import { Change } from "./change.ts";

/** Changes the state. @throws ValiError for a malformed change, Error for a project or cluster that is not there */
export function applyChange(state: AtlasState, given: unknown): void {
	const change = v.parse(Change, given);
	changeSettings(state.settings, change.settings ?? {});
	if (change.roles !== undefined) state.roles = change.roles;
	for (const [id, { roles, compliancePolicy }] of Object.entries(change.projects ?? {})) {
		const project = state.project(id);
		if (roles !== undefined) project.roles = roles ?? undefined;
		if (compliancePolicy !== undefined) project.compliancePolicy = compliancePolicy ?? undefined;
	}
	for (const { projectId, cluster, set } of change.addClusters ?? [])
		state.addCluster(projectId, { name: cluster, ...set });
	for (const { projectId, cluster, set } of change.clusters ?? [])
		Object.assign(state.cluster(projectId, cluster), set);
	for (const { projectId, cluster } of change.removeClusters ?? []) state.project(projectId).clusters.delete(cluster);
	for (const { projectId, cluster, ...request } of change.take ?? [])
		takeSnapshot(state, state.cluster(projectId, cluster), request);
	for (const { projectId, cluster, snapshotId } of change.removeSnapshots ?? []) {
		const found = state.cluster(projectId, cluster).snapshots.find(({ id }) => id === snapshotId);
		if (found !== undefined) found.deletedAt = state.now();
	}
	if (change.rotateKeys === true) state.rotateKeys();
	if (change.retireOldKeys === true) state.retireOldKeys();
}

/** The state as JSON: keys, settings, projects, clusters, and each snapshot with what it looks like now. */
export function describeState(state: AtlasState) {
	const now = state.now();
	return {
		now,
		keys: state.credentials.current,
		roles: state.roles,
		settings: state.settings,
		projects: [...state.projects.values()].map(({ clusters, ...project }) => ({
			...project,
			clusters: [...clusters.values()].map(({ snapshots, ...cluster }) => ({
				...cluster,
				snapshots: snapshots.map((snapshot) => ({
					...snapshot,
					now: viewSnapshot(snapshot, state.cluster(project.id, cluster.name), now) ?? null,
				})),
			})),
		})),
	};
}
