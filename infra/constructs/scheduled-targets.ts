import { Duration } from "aws-cdk-lib";
import type { Target } from "../../lambda/domain/outcome.ts";
import { readSnapshotRequest, type SnapshotRequest } from "../../lambda/domain/request.ts";
import type { WatchedClusters } from "../../lambda/monitoring/freshness-event.ts";
import { expectedIntervalMinutes } from "../settings/expected-interval.ts";
import type { ScheduleProps } from "./props.ts";
import { timingOf } from "./schedules.ts";

/** So many clusters may one request name. */
const NAMES_IN_A_REQUEST = 1000;

/** How often the ages are checked. Two checks in a row without an age, or with one too great, raise the alarm. */
export const CHECK_INTERVAL = Duration.minutes(15);

/** A named cluster that some schedule takes snapshots of. */
export interface ScheduledTarget extends Target {
	/** The shortest of its schedules. */
	readonly expectedEveryMinutes: number;
	readonly graceMinutes: number;
}

/** The clusters that schedules name, each once, with the shortest interval and grace of its schedules. */
export function scheduledTargets(schedules: readonly ScheduleProps[]): readonly ScheduledTarget[] {
	const strictest = new Map<string, ScheduledTarget>();
	for (const { clusters, projectId, ...required } of schedules.map(requirementOf)) {
		if (projectId === undefined || !isNamed(clusters)) continue;
		for (const clusterName of clusters) {
			const key = `${projectId} ${clusterName}`;
			const known = strictest.get(key);
			if (!known || maximumAge(required) < maximumAge(known)) {
				strictest.set(key, { projectId, clusterName, ...required });
			}
		}
	}
	return [...strictest.values()];
}

/** What schedules select by `all` or tags; each check finds out which clusters that is. */
export const scheduledSelections = (schedules: readonly ScheduleProps[]): readonly WatchedClusters[] =>
	schedules.map(requirementOf).filter(({ clusters }) => !isNamed(clusters));

const maximumAge = ({ expectedEveryMinutes, graceMinutes }: Omit<WatchedClusters, "clusters">): number =>
	expectedEveryMinutes + graceMinutes;

function requirementOf(schedule: ScheduleProps): WatchedClusters {
	const { flexibleWindow, grace, request: input } = schedule;
	const request = readSnapshotRequest(input);
	return {
		projectId: request.projectId,
		clusters: request.clusters,
		expectedEveryMinutes: expectedIntervalMinutes(timingOf(schedule)),
		// The age counts from the request, so the next snapshot may still take until its deadline.
		graceMinutes:
			grace?.toMinutes() ?? (flexibleWindow?.toMinutes() ?? 0) + request.deadlineMinutes + CHECK_INTERVAL.toMinutes(),
	};
}

const isNamed = (clusters: SnapshotRequest["clusters"]): clusters is readonly string[] => Array.isArray(clusters);

/**
 * The input of the freshness function. A target with `clusterName` has a metric of its own; names in a list share one,
 * and are grouped by project, interval and grace, so that a large fleet fits into the schedule's input.
 */
export function watchedClusters(
	targets: readonly ScheduledTarget[],
	selections: readonly WatchedClusters[],
	measured: boolean,
): readonly (ScheduledTarget | WatchedClusters)[] {
	if (measured) return [...targets, ...selections];
	const groups = Map.groupBy(targets, ({ projectId, expectedEveryMinutes, graceMinutes }) =>
		JSON.stringify({ projectId, expectedEveryMinutes, graceMinutes }),
	);
	const lists = [...groups].flatMap(([group, of]) => {
		const names = of.map(({ clusterName }) => clusterName);
		const parts = Array.from({ length: Math.ceil(names.length / NAMES_IN_A_REQUEST) }, (_, part) =>
			names.slice(part * NAMES_IN_A_REQUEST, (part + 1) * NAMES_IN_A_REQUEST),
		);
		return parts.map((clusters): WatchedClusters => ({ ...JSON.parse(group), clusters }));
	});
	return [...lists, ...selections];
}
