import * as v from "valibot";
import { InputError, toFaults } from "../domain/errors.ts";
import type { Target } from "../domain/outcome.ts";
import { type ClusterSelection, readSnapshotRequest } from "../domain/request.ts";

/** Clusters whose snapshots are to be fresh. */
export interface WatchedClusters {
	/** Absent only beside `all` or tags: then every project that the keys can see. */
	readonly projectId?: string;
	readonly clusters: ClusterSelection;
	/** What their schedule promises, and what it is let off with: for the snapshot itself, and for the next look. */
	readonly expectedEveryMinutes: number;
	readonly graceMinutes: number;
}

/** A request's default deadline, and the time between two looks. */
const GRACE_MINUTES = 75;

const EventSchema = v.object(
	{
		targets: v.pipe(
			v.array(
				v.looseObject(
					{
						expectedEveryMinutes: v.pipe(
							v.number("must be a number of minutes"),
							v.finite("must be a number of minutes"),
							v.minValue(1, "must be 1 or more"),
						),
						graceMinutes: v.optional(
							v.pipe(
								v.number("must be a number of minutes"),
								v.finite("must be a number of minutes"),
								v.minValue(0, "must be 0 or more"),
							),
							GRACE_MINUTES,
						),
					},
					"must be an object",
				),
				"must be a list",
			),
			v.maxLength(10_000, "must not have more than 10000 members"),
		),
	},
	"must be a JSON object with targets",
);

/**
 * Reads what the freshness schedule hands over: `{"targets": [{"projectId", "clusterName", "expectedEveryMinutes"}]}`.
 * In place of `clusterName` a target may have `clusters`, as a request has: names, `"all"` or tags. `graceMinutes`, 75
 * unless told, is how much later than promised a snapshot may be.
 *
 * @throws InputError `EVENT_INVALID` or `REQUEST_INVALID`, quoting no value
 */
export function readWatchedClusters(event: unknown): readonly WatchedClusters[] {
	return readTargets(event).map(({ expectedEveryMinutes, graceMinutes, projectId, clusterName, clusters }) => {
		const request = readSnapshotRequest(withoutUndefined({ projectId, clusterName, clusters }));
		return {
			...(request.projectId === undefined ? {} : { projectId: request.projectId }),
			clusters: request.clusters,
			expectedEveryMinutes,
			graceMinutes,
		};
	});
}

/**
 * Which clusters have a metric of their own for the age of their newest snapshot: those of targets with `clusterName`.
 * The others share `ClustersNotFresh`, so that metrics do not grow in number with the fleet.
 *
 * @param event as `readWatched` reads it
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

const withoutUndefined = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
	Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
