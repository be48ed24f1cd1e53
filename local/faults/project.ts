import type { Project } from "../atlas/state/model.ts";
import type { ClusterOptions } from "../atlas/state/projects.ts";
import type { AtlasState } from "../atlas/state/state.ts";
import type { ObservedSnapshot } from "./observed.ts";
import type { ClusterState, Plan } from "./plan.ts";

const STATES: Readonly<Record<ClusterState, Partial<ClusterOptions>>> = {
	ready: {},
	paused: { paused: true },
	tenant: { kind: "tenant" },
	"backup off": { backupEnabled: false },
	missing: {},
};

/** Puts the project of a plan into Atlas: its clusters, and for a selection by tags one that does not carry them. */
export function createProject(atlas: AtlasState, { clusters, wanted }: Plan): Project {
	const tags = { backup: "nightly", "it's": "ours" };
	const seeds = clusters.map(({ kind, course, state }, index) => ({
		name: `c${index}`,
		kind,
		tags,
		plan: course,
		...STATES[state],
	}));
	const other = { name: "other", tags: { backup: "weekly" } };
	return atlas.addProject({
		clusters: [
			...seeds.filter((_seed, index) => clusters[index]?.state !== "missing"),
			...(wanted.selection === "tags" ? [other] : []),
		],
	});
}

/** Everything that ever was in the project, in the order in which it was asked for. */
export function observeSnapshots(project: Project, planted: ReadonlySet<string>): ObservedSnapshot[] {
	const all = [...project.clusters.values()].flatMap((where) =>
		where.snapshots.map(({ id, description = "", requestedAt, ending, seconds, snapshotType }) => ({
			id,
			clusterName: where.name,
			description,
			requestedAt,
			endsAt: requestedAt + seconds * 1000,
			ending,
			snapshotType,
			planted: planted.has(id),
		})),
	);
	return all.toSorted((a, b) => a.requestedAt - b.requestedAt);
}
