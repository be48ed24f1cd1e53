import type { Atlas } from "../atlas/client.ts";
import { type Cluster, hasTags, ineligibleReason } from "../domain/cluster.ts";
import { classifyFailure } from "../domain/failure.ts";
import { NO_NAME, type Reason, type Target } from "../domain/outcome.ts";
import { isListOfNames } from "../domain/request.ts";
import { ageSeconds, isNotScheduled, newestCompleted, snapshotKindOfCluster } from "../domain/snapshot.ts";
import type { WatchedClusters } from "./freshness-event.ts";

/** External calls of the check. */
export interface FreshnessPorts extends Pick<Atlas, "listSnapshots" | "listClusters" | "listProjects"> {
	/** @returns epoch milliseconds */
	now(): number;
}

/** How fresh one cluster's snapshots are. */
export interface Freshness extends Target {
	/** Whole seconds since the newest completed snapshot was requested; `null` if there is none or it is unknown. */
	readonly ageSeconds: number | null;
	readonly expectedEveryMinutes: number;
	/** Whether the newest snapshot is as young as expected. */
	readonly fresh: boolean;
	/** Why there is no age. */
	readonly reason?: Reason;
}

type Report = (freshness: Freshness) => void;

const CONCURRENT_PROJECTS = 3;
const CONCURRENT_CLUSTERS = 4;

/**
 * Reads the snapshots from Atlas, not from runs, and so finds runs that never began. Only on-demand snapshots count: those
 * of Atlas's own backup policy would hide a schedule that no longer fires. A failure concerns its cluster or project only.
 *
 * One request per project returns the kinds of its clusters, and one more per cluster its snapshots.
 *
 * @param onResult called for each cluster as soon as it is checked
 * @returns all results, in no particular order
 */
export async function checkFreshness(
	ports: FreshnessPorts,
	watched: readonly WatchedClusters[],
	onResult: Report,
): Promise<readonly Freshness[]> {
	const all: Freshness[] = [];
	const report: Report = (freshness) => {
		all.push(freshness);
		onResult(freshness);
	};
	const projects = await groupByProject(ports, watched, report);
	await forEachConcurrently([...projects], CONCURRENT_PROJECTS, ([projectId, expected]) =>
		checkProject(ports, projectId, expected, report),
	);
	return all;
}

async function groupByProject(ports: FreshnessPorts, watched: readonly WatchedClusters[], report: Report) {
	const projects = new Map<string, WatchedClusters[]>();
	const add = (id: string, expected: WatchedClusters) => projects.set(id, [...(projects.get(id) ?? []), expected]);
	const inAllProjects = watched.filter(({ projectId }) => projectId === undefined);
	for (const expected of watched) if (expected.projectId !== undefined) add(expected.projectId, expected);
	if (inAllProjects.length === 0) return projects;
	try {
		for (const { id } of await ports.listProjects()) for (const expected of inAllProjects) add(id, expected);
	} catch (error) {
		for (const expected of inAllProjects) {
			report(notKnown({ projectId: NO_NAME, clusterName: NO_NAME }, expected, error));
		}
	}
	return projects;
}

async function checkProject(
	ports: FreshnessPorts,
	projectId: string,
	watched: readonly WatchedClusters[],
	report: Report,
): Promise<void> {
	const listed = await ports.listClusters(projectId).catch((error: unknown) => ({ error }));
	const clusters = "error" in listed ? [] : listed;
	const kinds = new Map(clusters.map(({ name, clusterType }) => [name, snapshotKindOfCluster(clusterType)]));
	/** The strictest expectation of each cluster. */
	const expectations = new Map<string, WatchedClusters>();
	for (const one of watched) {
		if ("error" in listed && !isListOfNames(one.clusters)) {
			report(notKnown({ projectId, clusterName: NO_NAME }, one, listed.error));
		}
		for (const name of namesOf(one, clusters)) {
			const known = expectations.get(name);
			if (!known || maxAgeSeconds(one) < maxAgeSeconds(known)) expectations.set(name, one);
		}
	}
	await forEachConcurrently([...expectations], CONCURRENT_CLUSTERS, async ([clusterName, expected]) => {
		const target = { projectId, clusterName };
		try {
			report(measure(target, expected, await ports.listSnapshots(target, kinds.get(clusterName)), ports.now()));
		} catch (error) {
			report(notKnown(target, expected, error));
		}
	});
}

/** Selected clusters that are not eligible are left out: the runs skip them as well. */
function namesOf({ clusters: selection }: WatchedClusters, clusters: readonly Cluster[]): readonly string[] {
	if (isListOfNames(selection)) return selection;
	return clusters
		.filter((cluster) => ineligibleReason(cluster) === undefined)
		.filter((cluster) => selection === "all" || hasTags(cluster, selection.tags))
		.map(({ name }) => name);
}

const maxAgeSeconds = ({ expectedEveryMinutes, graceMinutes }: WatchedClusters): number =>
	(expectedEveryMinutes + graceMinutes) * 60;

function measure(
	target: Target,
	expected: WatchedClusters,
	snapshots: Awaited<ReturnType<Atlas["listSnapshots"]>>,
	now: number,
): Freshness {
	const newest = newestCompleted(snapshots.filter(isNotScheduled));
	const { expectedEveryMinutes } = expected;
	if (!newest) return { ...target, ageSeconds: null, expectedEveryMinutes, fresh: false, reason: NO_SNAPSHOT };
	const age = ageSeconds(newest, now);
	return { ...target, ageSeconds: age, expectedEveryMinutes, fresh: age <= maxAgeSeconds(expected) };
}

const NO_SNAPSHOT: Reason = { code: "NO_SNAPSHOT", message: "the cluster has no completed on-demand snapshot" };

const notKnown = (target: Target, { expectedEveryMinutes }: WatchedClusters, error: unknown): Freshness => ({
	...target,
	ageSeconds: null,
	expectedEveryMinutes,
	fresh: false,
	reason: classifyFailure(error).reason,
});

async function forEachConcurrently<T>(
	items: readonly T[],
	limit: number,
	work: (item: T) => Promise<void>,
): Promise<void> {
	const queue = items.values();
	const worker = async () => {
		for (const item of queue) await work(item);
	};
	await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
