import { hasTags, ineligibleReason } from "../domain/cluster.ts";
import { errorInfo } from "../domain/error-table.ts";
import { afterRefusal, classifyFailure, isLastingRefusal, noRefusals, type Refusals } from "../domain/failure.ts";
import { checkClusterCount, checkRequestLimits, limitRefusal, type RequestLimits } from "../domain/limits.ts";
import { NO_NAME, type Reason, type Target, type TargetStatus } from "../domain/outcome.ts";
import { type ClusterSelection, isListOfNames, type SnapshotRequest } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
import type { Ports } from "./ports.ts";

/** A cluster of a run, before anything is done about it. */
export interface SelectedTarget extends Target {
	/** Why it can't have an on-demand snapshot: it ends as `SKIPPED`. */
	readonly ineligible?: Reason;
	/** Why nothing could be selected: it ends as `REFUSED`. */
	readonly refused?: Reason;
}

/** Projects whose clusters are listed at the same time. */
const PROJECTS_AT_ONCE = 5;

/** Refusals in a row, by the list that was refused: `ANY` for the projects, a project's id for its clusters. */
export type ListRefusals = Map<string, Refusals>;

/** Projects whose refusals are counted one by one; a checkpoint holds them. Further ones share one count. */
const COUNTED_PROJECTS = 1_000;
const OTHER_PROJECTS = "others";

/**
 * Finds the targets of a request. A named cluster is not read: Atlas rejects the request if it can't have a snapshot.
 *
 * @param refusals of the tries before; updated
 * @throws what a port rejects with, where it may pass: then nothing is selected, and it is tried again
 */
export async function selectTargets(
	ports: Ports,
	request: SnapshotRequest,
	refusals: ListRefusals,
): Promise<readonly SelectedTarget[]> {
	const { clusters, projectId } = request;
	if (isListOfNames(clusters)) {
		return clusters.map((clusterName) => ({ projectId: projectId ?? NO_NAME, clusterName }));
	}
	const projects =
		projectId === undefined
			? await listUnlessRefused(ports, NO_NAME, refusals, async () => (await ports.listProjects()).map(({ id }) => id))
			: [projectId];
	if (projects instanceof UnconfirmedRefusal) throw projects.error;
	if (!Array.isArray(projects)) return [projects];
	const found: SelectedTarget[] = [];
	let unconfirmed: UnconfirmedRefusal | undefined;
	for (let i = 0; i < projects.length; i += PROJECTS_AT_ONCE) {
		const some = projects.slice(i, i + PROJECTS_AT_ONCE);
		const lists = await Promise.all(
			some.map((id) => listUnlessRefused(ports, id, refusals, () => selectInProject(ports, id, clusters))),
		);
		for (const list of lists) {
			// The other projects are listed all the same, so that refusals of several are counted together.
			if (list instanceof UnconfirmedRefusal) unconfirmed ??= list;
			else found.push(...[list].flat());
		}
	}
	if (unconfirmed) throw unconfirmed.error;
	return found.length > 0 ? found : [emptySelection(projectId, "no cluster is selected by the request")];
}

async function selectInProject(
	ports: Ports,
	projectId: string,
	selection: Exclude<ClusterSelection, readonly string[]>,
): Promise<SelectedTarget[]> {
	const clusters = await ports.listClusters(projectId);
	return clusters
		.filter((cluster) => selection === "all" || hasTags(cluster, selection.tags))
		.map((cluster) => {
			const ineligible = ineligibleReason(cluster);
			return { projectId, clusterName: cluster.name, ...(ineligible ? { ineligible } : {}) };
		});
}

/** A refusal that may pass: it did not come often enough yet. */
class UnconfirmedRefusal {
	readonly error: unknown;
	constructor(error: unknown) {
		this.error = error;
	}
}

/**
 * Lists, and counts refusals. A project that can't be listed is reported as refused; the others are selected all the
 * same.
 */
async function listUnlessRefused<T>(
	ports: Ports,
	projectId: string,
	refusals: ListRefusals,
	list: () => Promise<T[]>,
): Promise<T[] | SelectedTarget | UnconfirmedRefusal> {
	const key = refusals.has(projectId) || refusals.size < COUNTED_PROJECTS ? projectId : OTHER_PROJECTS;
	try {
		const found = await list();
		refusals.delete(projectId);
		return found;
	} catch (error) {
		const { retry, reason, refused } = classifyFailure(error);
		if (!refused) refusals.delete(key);
		if (retry === "again") throw error;
		if (refused) {
			const at = ports.now();
			const counted = afterRefusal(refusals.get(key) ?? noRefusals, at);
			refusals.set(key, counted);
			if (!isLastingRefusal(counted, at)) return new UnconfirmedRefusal(error);
		}
		return { projectId, clusterName: NO_NAME, refused: reason };
	}
}

/**
 * The refusal of a selection whose clusters were all skipped because none can have a snapshot: a request that protects
 * nothing must not be a success.
 *
 * @param statuses how its clusters ended
 */
export function refusalOfEmptySelection(
	{ clusters, projectId }: SnapshotRequest,
	statuses: readonly TargetStatus[],
): SelectedTarget | undefined {
	const isIneligible = ({ state, reason }: TargetStatus) =>
		state === "SKIPPED" && errorInfo(reason?.code ?? "")?.ineligible === true;
	if (isListOfNames(clusters) || !statuses.every(isIneligible)) return undefined;
	return emptySelection(projectId, "no cluster that the request selects can have a snapshot");
}

const emptySelection = (projectId = NO_NAME, what: string): SelectedTarget => ({
	projectId,
	clusterName: NO_NAME,
	refused: { code: "NOTHING_SELECTED", message: `${what}; check the project, the tags and the clusters` },
});

/**
 * Finds the targets of a run, within the limits of its caller. The trigger function checks the request only, and whoever
 * may invoke the durable function bypasses it.
 *
 * @throws InputError `NOT_ALLOWED`, and what {@link selectTargets} throws
 */
export async function selectWithinLimits(
	ports: Ports,
	run: Run,
	refusals: ListRefusals,
): Promise<readonly SelectedTarget[]> {
	checkRequestLimits(ports.limits, run);
	return applyLimits(ports.limits, run, await selectTargets(ports, run.request, refusals));
}

/**
 * Checks the targets of a chained part against the limits again: they come with the input.
 *
 * @throws InputError `NOT_ALLOWED`
 */
export function applyCallerLimits(
	ports: Ports,
	run: Run,
	targets: readonly SelectedTarget[],
): readonly SelectedTarget[] {
	checkRequestLimits(ports.limits, run);
	return applyLimits(ports.limits, run, targets);
}

/** A target that is not allowed is refused by itself; too many targets are refused as a whole. */
function applyLimits(limits: RequestLimits, run: Run, targets: readonly SelectedTarget[]): readonly SelectedTarget[] {
	const wanted = targets.filter(({ ineligible, refused }) => !ineligible && !refused);
	checkClusterCount(limits, run, wanted.length);
	return targets.map((target) => {
		const refused = target.refused ?? limitRefusal(limits, run, target);
		return refused ? { ...target, refused } : target;
	});
}
