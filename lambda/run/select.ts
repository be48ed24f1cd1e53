import { carries } from "../domain/cluster.ts";
import { eligibility, INELIGIBLE } from "../domain/eligibility.ts";
import type { Reason, Target, TargetStatus } from "../domain/outcome.ts";
import { isNames, type Selection, type SnapshotRequest } from "../domain/request.ts";
import { judge } from "../domain/verdict.ts";
import type { Ports } from "./ports.ts";

/** A cluster of a run, as its story begins. */
export interface Candidate extends Target {
	/** Why it can't have an on-demand snapshot: its story ends as `SKIPPED`. */
	readonly ineligible?: Reason;
	/** Why nothing could be selected at all: its story ends as `REFUSED`. */
	readonly refused?: Reason;
}

/** Projects whose clusters are listed at the same time. */
const PROJECTS_AT_ONCE = 5;

/**
 * Finds the targets of a request. A named cluster is not looked at: Atlas is asked straight away, and says if it won't.
 *
 * @throws what a port rejects with, where time may cure it: then nothing is selected, and the step is done again
 */
export async function selectTargets(ports: Ports, request: SnapshotRequest): Promise<readonly Candidate[]> {
	const { clusters, projectId } = request;
	if (isNames(clusters)) {
		return clusters.map((clusterName) => ({ projectId: projectId ?? ANY, clusterName }));
	}
	const projects = projectId === undefined ? (await ports.listProjects()).map(({ id }) => id) : [projectId];
	const found: Candidate[] = [];
	for (let i = 0; i < projects.length; i += PROJECTS_AT_ONCE) {
		const some = projects.slice(i, i + PROJECTS_AT_ONCE);
		found.push(...(await Promise.all(some.map((id) => selectInProject(ports, id, clusters)))).flat());
	}
	return found.length > 0 ? found : [nothingSelected(projectId, "no cluster is selected by the request")];
}

/** Stands for the project or the cluster where there is none to name. */
export const ANY = "*";

/** A project that refuses to be listed is told of, and keeps no other from its snapshots. */
async function selectInProject(
	ports: Ports,
	projectId: string,
	selection: Exclude<Selection, readonly string[]>,
): Promise<Candidate[]> {
	try {
		const clusters = await ports.listClusters(projectId);
		return clusters
			.filter((cluster) => selection === "all" || carries(cluster, selection.tags))
			.map((cluster) => {
				const ineligible = eligibility(cluster);
				return { projectId, clusterName: cluster.name, ...(ineligible ? { ineligible } : {}) };
			});
	} catch (error) {
		const { retry, reason } = judge(error);
		if (retry === "again") throw error;
		return [{ projectId, clusterName: ANY, refused: reason }];
	}
}

/**
 * Looks whether a selection found clusters of which none can have a snapshot: then each is skipped, and the selection
 * itself is refused, because a request that protects nothing must not pass for a success.
 *
 * @param statuses how its clusters ended
 */
export function noneEligible(
	{ clusters, projectId }: SnapshotRequest,
	statuses: readonly TargetStatus[],
): Candidate | undefined {
	const isIneligible = ({ state, reason }: TargetStatus) => state === "SKIPPED" && INELIGIBLE.has(reason?.code ?? "");
	if (isNames(clusters) || !statuses.every(isIneligible)) return undefined;
	return nothingSelected(projectId, "no cluster that the request selects can have a snapshot");
}

/** A request that selects nothing protects nothing: it is told of rather than passed over. */
const nothingSelected = (projectId = ANY, what: string): Candidate => ({
	projectId,
	clusterName: ANY,
	refused: { code: "NOTHING_SELECTED", message: `${what}; check the project, the tags and the clusters` },
});
