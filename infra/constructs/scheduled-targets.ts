import { Duration } from "aws-cdk-lib";
import type { Target } from "../../lambda/domain/outcome.ts";
import { readSnapshotRequest, type SnapshotRequest } from "../../lambda/domain/request.ts";
import type { WatchedClusters } from "../../lambda/monitoring/freshness-event.ts";
import { expectedEvery } from "../settings/expected-interval.ts";
import type { ScheduleProps } from "./props.ts";
import { timingOf } from "./schedules.ts";

/** So many clusters may one request name. */
const NAMES_IN_A_REQUEST = 1000;

/** How often the ages are looked up. Two looks in a row without an age, or with one too great, raise the alarm. */
export const LOOK_EVERY = Duration.minutes(15);

/** A named cluster that some schedule takes snapshots of. */
export interface ScheduledTarget extends Target {
	/** The shortest of its schedules. */
	readonly expectedEveryMinutes: number;
	readonly graceMinutes: number;
}

/** The clusters that schedules name, each once, with the strictest of its schedules' promises. */
export function scheduledTargets(schedules: readonly ScheduleProps[]): readonly ScheduledTarget[] {
	const strictest = new Map<string, ScheduledTarget>();
	for (const { clusters, projectId, expectedEveryMinutes, graceMinutes } of schedules.map(promiseOf)) {
		if (projectId === undefined || !isNamed(clusters)) continue;
		for (const clusterName of clusters) {
			const key = `${projectId} ${clusterName}`;
			const known = strictest.get(key);
			const promised = known ? known.expectedEveryMinutes + known.graceMinutes : Number.POSITIVE_INFINITY;
			if (expectedEveryMinutes + graceMinutes < promised) {
				strictest.set(key, { projectId, clusterName, expectedEveryMinutes, graceMinutes });
			}
		}
	}
	return [...strictest.values()];
}

/** What schedules select by `all` or tags. Which clusters that is, each look finds out anew. */
export const scheduledSelections = (schedules: readonly ScheduleProps[]): readonly WatchedClusters[] =>
	schedules.map(promiseOf).filter(({ clusters }) => !isNamed(clusters));

function promiseOf(schedule: ScheduleProps): WatchedClusters {
	const { flexibleWindow, grace, request: input } = schedule;
	const request = readSnapshotRequest(input);
	return {
		...(request.projectId === undefined ? {} : { projectId: request.projectId }),
		clusters: request.clusters,
		expectedEveryMinutes: expectedEvery(timingOf(schedule)),
		graceMinutes: grace?.toMinutes() ?? defaultGrace(request, flexibleWindow),
	};
}

/** The age counts from the request, so the snapshot after the promised interval may still take as long as it may take. */
const defaultGrace = ({ deadlineMinutes }: SnapshotRequest, flexibleWindow: Duration | undefined): number =>
	(flexibleWindow?.toMinutes() ?? 0) + deadlineMinutes + LOOK_EVERY.toMinutes();

const isNamed = (clusters: SnapshotRequest["clusters"]): clusters is readonly string[] => Array.isArray(clusters);

/**
 * What the freshness function is told to watch. A target with `clusterName` has a metric of its own; names in a list
 * share one, and stand together by project and promise, so that a large fleet fits into the schedule's input.
 */
export function watchedTargets(
	targets: readonly ScheduledTarget[],
	selections: readonly WatchedClusters[],
	measured: boolean,
): readonly (ScheduledTarget | WatchedClusters)[] {
	if (measured) return [...targets, ...selections];
	const promises = Map.groupBy(targets, ({ projectId, expectedEveryMinutes, graceMinutes }) =>
		JSON.stringify({ projectId, expectedEveryMinutes, graceMinutes }),
	);
	const lists = [...promises].flatMap(([promise, of]) => {
		const names = of.map(({ clusterName }) => clusterName);
		const parts = Array.from({ length: Math.ceil(names.length / NAMES_IN_A_REQUEST) }, (_, part) =>
			names.slice(part * NAMES_IN_A_REQUEST, (part + 1) * NAMES_IN_A_REQUEST),
		);
		return parts.map((clusters): WatchedClusters => ({ ...JSON.parse(promise), clusters }));
	});
	return [...lists, ...selections];
}
