import { request as requestInClear } from "node:http";
import { request } from "node:https";
import type { Atlas } from "../atlas/client.ts";
import { type Cluster, hasTags, ineligibleReason } from "../domain/cluster.ts";
import { classifyFailure } from "../domain/failure.ts";
import { NO_NAME, type Reason, type Target } from "../domain/outcome.ts";
import { ageSeconds, isNotScheduled, newestCompleted, snapshotKindOfCluster } from "../domain/snapshot.ts";
import type { WatchedClusters } from "./freshness-event.ts";

/** What a look needs from the world. */
export interface FreshnessPorts extends Pick<Atlas, "listSnapshots" | "listClusters" | "listProjects"> {
	/** @returns epoch milliseconds */
	now(): number;
}

/** How fresh one cluster's snapshots are. */
export interface Freshness extends Target {
	/** Whole seconds since the newest completed snapshot was asked for; `null` where there is none, or nobody knows. */
	readonly ageSeconds: number | null;
	readonly expectedEveryMinutes: number;
	/** Whether the newest is as young as the schedule promises. */
	readonly fresh: boolean;
	/** Why there is no age. */
	readonly reason?: Reason;
}

const PROJECTS_AT_ONCE = 3;
const CLUSTERS_AT_ONCE = 4;

/**
 * Looks at Atlas itself, not at what runs have told: so it notices those that never began. Of a cluster counts the
 * newest completed snapshot that was asked for: those of Atlas's own backup policy, some hours apart on every cluster,
 * would hide a schedule that stands still. What fails is told of its cluster or project alone.
 *
 * One request a project tells what kinds its clusters are, and one more a cluster brings its snapshots.
 *
 * @param tell told of each cluster as soon as it is known
 * @returns the same, in no certain order
 */
export async function checkFreshness(
	ports: FreshnessPorts,
	watched: readonly WatchedClusters[],
	tell: (freshness: Freshness) => void,
): Promise<readonly Freshness[]> {
	const all: Freshness[] = [];
	const told = (freshness: Freshness) => {
		all.push(freshness);
		tell(freshness);
	};
	const projects = await inProjects(ports, watched, told);
	await eachOf([...projects], PROJECTS_AT_ONCE, ([projectId, wanted]) => lookAtProject(ports, projectId, wanted, told));
	return all;
}

/** The wanted clusters by project; where the projects can't be listed, that is told. */
async function inProjects(
	ports: FreshnessPorts,
	watched: readonly WatchedClusters[],
	tell: (freshness: Freshness) => void,
) {
	const projects = new Map<string, WatchedClusters[]>();
	const add = (id: string, wanted: WatchedClusters) => projects.set(id, [...(projects.get(id) ?? []), wanted]);
	const everywhere = watched.filter(({ projectId }) => projectId === undefined);
	for (const wanted of watched) if (wanted.projectId !== undefined) add(wanted.projectId, wanted);
	if (everywhere.length === 0) return projects;
	try {
		for (const { id } of await ports.listProjects()) for (const wanted of everywhere) add(id, wanted);
	} catch (error) {
		for (const wanted of everywhere) tell(unknown({ projectId: NO_NAME, clusterName: NO_NAME }, wanted, error));
	}
	return projects;
}

async function lookAtProject(
	ports: FreshnessPorts,
	projectId: string,
	watched: readonly WatchedClusters[],
	tell: (freshness: Freshness) => void,
): Promise<void> {
	const listed = await ports.listClusters(projectId).catch((error: unknown) => ({ error }));
	const clusters = "error" in listed ? [] : listed;
	const kinds = new Map(clusters.map(({ name, clusterType }) => [name, snapshotKindOfCluster(clusterType)]));
	const wanted = new Map<string, WatchedClusters>();
	for (const one of watched) {
		if ("error" in listed && !isNames(one.clusters)) {
			tell(unknown({ projectId, clusterName: NO_NAME }, one, listed.error));
		}
		for (const name of namesOf(one, clusters)) {
			const known = wanted.get(name);
			if (!known || promisedSeconds(one) < promisedSeconds(known)) wanted.set(name, one);
		}
	}
	await eachOf([...wanted], CLUSTERS_AT_ONCE, async ([clusterName, promised]) => {
		const target = { projectId, clusterName };
		try {
			tell(measure(target, promised, await ports.listSnapshots(target, kinds.get(clusterName)), ports.now()));
		} catch (error) {
			tell(unknown(target, promised, error));
		}
	});
}

/** A selected cluster that is not eligible is not expected to have fresh snapshots: the runs skip it as well. */
function namesOf({ clusters: selection }: WatchedClusters, clusters: readonly Cluster[]): readonly string[] {
	if (isNames(selection)) return selection;
	return clusters
		.filter((cluster) => ineligibleReason(cluster) === undefined)
		.filter((cluster) => selection === "all" || hasTags(cluster, selection.tags))
		.map(({ name }) => name);
}

const isNames = (selection: WatchedClusters["clusters"]): selection is readonly string[] => Array.isArray(selection);

const promisedSeconds = ({ expectedEveryMinutes, graceMinutes }: WatchedClusters): number =>
	(expectedEveryMinutes + graceMinutes) * 60;

function measure(
	target: Target,
	watched: WatchedClusters,
	snapshots: Awaited<ReturnType<Atlas["listSnapshots"]>>,
	now: number,
): Freshness {
	const newest = newestCompleted(snapshots.filter(isNotScheduled));
	const { expectedEveryMinutes } = watched;
	if (!newest) return { ...target, ageSeconds: null, expectedEveryMinutes, fresh: false, reason: none };
	const age = ageSeconds(newest, now);
	return { ...target, ageSeconds: age, expectedEveryMinutes, fresh: age <= promisedSeconds(watched) };
}

const none: Reason = { code: "NO_SNAPSHOT", message: "the cluster has no completed on-demand snapshot" };

const unknown = (target: Target, { expectedEveryMinutes }: WatchedClusters, error: unknown): Freshness => ({
	...target,
	ageSeconds: null,
	expectedEveryMinutes,
	fresh: false,
	reason: classifyFailure(error).reason,
});

/** Works through items, so many at a time. */
async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
	const queue = items.values();
	const worker = async () => {
		for (const item of queue) await work(item);
	};
	await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

/** Milliseconds for a whole ping: the look is over, and waits for nothing longer. */
const PATIENCE = 5_000;

/**
 * Tells a service outside of the account how a look went: the URL itself where all is well, `/fail` behind its path
 * where not. The request carries no header but the host and a user agent, no body, and follows no redirect.
 *
 * @param url its path or query holds a token that lets anybody ping: it goes into no log
 * @returns why the ping failed, `undefined` where it was accepted; it never rejects
 * @see Healthchecks.io, Cronitor and Better Stack, "heartbeat" or "ping" URLs
 */
export function sendHeartbeat(url: string, allIsWell: boolean, patience = PATIENCE): Promise<string | undefined> {
	const target = new URL(url);
	if (!allIsWell) target.pathname = `${target.pathname.replace(/\/$/, "")}/fail`;
	const send = target.protocol === "https:" ? request : requestInClear;
	return new Promise((resolve) => {
		const options = {
			agent: false,
			headers: { "user-agent": "atlas-snapshots" },
			signal: AbortSignal.timeout(patience),
		};
		send(target, options, (reply) => {
			const { statusCode = 0 } = reply;
			reply.on("error", () => undefined).destroy();
			resolve(statusCode >= 200 && statusCode < 300 ? undefined : `status ${statusCode}`);
		})
			.on("error", (error) => resolve("code" in error ? String(error.code) : "no reply"))
			.end();
	});
}
