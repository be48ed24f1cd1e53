import * as v from "valibot";
import { InputError, toFaults } from "../domain/errors.ts";
import type { Target } from "../domain/outcome.ts";
import { type ClusterSelection, readSnapshotRequest } from "../domain/request.ts";

/** Clusters whose snapshots must be fresh. */
export interface WatchedClusters {
	/** Absent only with `all` or tags: then every project that the keys can see. */
	readonly projectId?: string;
	readonly clusters: ClusterSelection;
	readonly expectedEveryMinutes: number;
	/** How much later a snapshot may be: its own duration, and the time to the next check. */
	readonly graceMinutes: number;
}

/** A request's default deadline, and the time between two checks. */
const DEFAULT_GRACE_MINUTES = 75;

const minutesFrom = (least: number) =>
	v.pipe(
		v.number("must be a number of minutes"),
		v.finite("must be a number of minutes"),
		v.minValue(least, `must be ${least} or more`),
	);

const TargetSchema = v.looseObject(
	{ expectedEveryMinutes: minutesFrom(1), graceMinutes: v.optional(minutesFrom(0), DEFAULT_GRACE_MINUTES) },
	"must be an object",
);

const EventSchema = v.object(
	{
		targets: v.pipe(
			v.array(TargetSchema, "must be a list"),
			v.maxLength(10_000, "must not have more than 10000 members"),
		),
	},
	"must be a JSON object with targets",
);

/**
 * Reads the input of the freshness schedule: `{"targets": [{"projectId", "clusterName", "expectedEveryMinutes"}]}`. In place
 * of `clusterName` a target may have `clusters`, as a request has: names, `"all"` or tags. `graceMinutes` is 75 by default.
 *
 * @throws InputError `EVENT_INVALID` or `REQUEST_INVALID`, quoting no value
 */
export function readWatchedClusters(event: unknown): readonly WatchedClusters[] {
	return readTargets(event).map(({ expectedEveryMinutes, graceMinutes, ...selection }) => {
		const fields = ["projectId", "clusterName", "clusters"].filter((name) => selection[name] !== undefined);
		const { projectId, clusters } = readSnapshotRequest(
			Object.fromEntries(fields.map((name) => [name, selection[name]])),
		);
		return { projectId, clusters, expectedEveryMinutes, graceMinutes };
	});
}

/**
 * Which clusters have their own metric for the age of their newest snapshot: those of targets with `clusterName`. The others
 * share `ClustersNotFresh`, so that selections do not multiply metrics.
 */
export function readMeasuredClusters(event: unknown): (target: Target) => boolean {
	const keyOf = (projectId: unknown, clusterName: unknown) => JSON.stringify([projectId, clusterName]);
	const keys = new Set(readTargets(event).map(({ projectId, clusterName }) => keyOf(projectId, clusterName)));
	return ({ projectId, clusterName }) => keys.has(keyOf(projectId, clusterName));
}

function readTargets(event: unknown) {
	const read = v.safeParse(EventSchema, event);
	if (!read.success) throw new InputError("EVENT_INVALID", "event", toFaults(read.issues));
	return read.output.targets;
}
