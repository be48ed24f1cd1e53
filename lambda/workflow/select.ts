import { carries, eligibility, INELIGIBLE } from "../domain/cluster.ts";
import { afterRefusal, isBelieved, judge, noRefusals, type Refusals } from "../domain/failure.ts";
import { checkAllowed, checkCount, forbiddenTarget, type RequestLimits } from "../domain/limits.ts";
import type { Reason, Target, TargetStatus } from "../domain/outcome.ts";
import { isNames, type Selection, type SnapshotRequest } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
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

/** Refusals in a row, by the list that was refused: `ANY` for the projects, a project's id for its clusters. */
export type ListRefusals = Map<string, Refusals>;

/** Projects whose refusals are counted one by one; a checkpoint holds them. Further ones share one count. */
const COUNTED_PROJECTS = 1_000;
const OTHER_PROJECTS = "others";

/**
 * Finds the targets of a request. A named cluster is not looked at: Atlas is asked straight away, and says if it won't.
 *
 * @param refusals what the tries before met, brought up to date
 * @throws what a port rejects with, where time may cure it or where a refusal is not believed yet: then nothing is
 * selected, and it is tried again
 */
export async function selectTargets(
	ports: Ports,
	request: SnapshotRequest,
	refusals: ListRefusals,
): Promise<readonly Candidate[]> {
	const { clusters, projectId } = request;
	if (isNames(clusters)) {
		return clusters.map((clusterName) => ({ projectId: projectId ?? ANY, clusterName }));
	}
	const projects =
		projectId === undefined
			? await unlessRefused(ports, ANY, refusals, async () => (await ports.listProjects()).map(({ id }) => id))
			: [projectId];
	if (projects instanceof Unbelieved) throw projects.error;
	if (!Array.isArray(projects)) return [projects];
	const found: Candidate[] = [];
	let unbelieved: Unbelieved | undefined;
	for (let i = 0; i < projects.length; i += PROJECTS_AT_ONCE) {
		const some = projects.slice(i, i + PROJECTS_AT_ONCE);
		const lists = await Promise.all(
			some.map((id) => unlessRefused(ports, id, refusals, () => selectInProject(ports, id, clusters))),
		);
		for (const list of lists) {
			// The other projects are listed all the same, so that refusals of several are counted together.
			if (list instanceof Unbelieved) unbelieved ??= list;
			else found.push(...[list].flat());
		}
	}
	if (unbelieved) throw unbelieved.error;
	return found.length > 0 ? found : [nothingSelected(projectId, "no cluster is selected by the request")];
}

/** Stands for the project or the cluster where there is none to name. */
export const ANY = "*";

async function selectInProject(
	ports: Ports,
	projectId: string,
	selection: Exclude<Selection, readonly string[]>,
): Promise<Candidate[]> {
	const clusters = await ports.listClusters(projectId);
	return clusters
		.filter((cluster) => selection === "all" || carries(cluster, selection.tags))
		.map((cluster) => {
			const ineligible = eligibility(cluster);
			return { projectId, clusterName: cluster.name, ...(ineligible ? { ineligible } : {}) };
		});
}

/** A refusal that may pass. */
class Unbelieved {
	readonly error: unknown;
	constructor(error: unknown) {
		this.error = error;
	}
}

/**
 * Lists, and counts refusals. A project that refuses to be listed for good is told of, and keeps no other from its
 * snapshots.
 */
async function unlessRefused<T>(
	ports: Ports,
	projectId: string,
	refusals: ListRefusals,
	list: () => Promise<T[]>,
): Promise<T[] | Candidate | Unbelieved> {
	const key = refusals.has(projectId) || refusals.size < COUNTED_PROJECTS ? projectId : OTHER_PROJECTS;
	try {
		const found = await list();
		refusals.delete(projectId);
		return found;
	} catch (error) {
		const { retry, reason, refused } = judge(error);
		if (!refused) refusals.delete(key);
		if (retry === "again") throw error;
		if (refused) {
			const at = ports.now();
			const counted = afterRefusal(refusals.get(key) ?? noRefusals, at);
			refusals.set(key, counted);
			if (!isBelieved(counted, at)) return new Unbelieved(error);
		}
		return { projectId, clusterName: ANY, refused: reason };
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

/**
 * Finds the targets of a run, within the limits of its caller: the trigger function checks the request alone, and whoever
 * may invoke the durable function can pass it by.
 *
 * @throws InputError `NOT_ALLOWED`, and what {@link selectTargets} throws
 */
export async function selectAllowed(ports: Ports, run: Run, refusals: ListRefusals): Promise<readonly Candidate[]> {
	checkAllowed(ports.limits, run);
	return within(ports.limits, run, await selectTargets(ports, run.request, refusals));
}

/**
 * Holds the targets of a chained part against the limits again. They come with the input, and are no more to be trusted.
 *
 * @throws InputError `NOT_ALLOWED`
 */
export function partAllowed(ports: Ports, run: Run, targets: readonly Candidate[]): readonly Candidate[] {
	checkAllowed(ports.limits, run);
	return within(ports.limits, run, targets);
}

/** A target that is not allowed is refused, and keeps no other from its snapshot; too many of them are refused as a whole. */
function within(limits: RequestLimits, run: Run, targets: readonly Candidate[]): readonly Candidate[] {
	const wanted = targets.filter(({ ineligible, refused }) => !ineligible && !refused);
	checkCount(limits, run, wanted.length);
	return targets.map((target) => {
		const refused = target.refused ?? forbiddenTarget(limits, run, target);
		return refused ? { ...target, refused } : target;
	});
}
