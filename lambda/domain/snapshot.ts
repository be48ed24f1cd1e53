import * as v from "valibot";

/** Shards, regions or policy items of one snapshot at most: Atlas allows 70 shards. */
const MOST_PARTS = 200;

/** Characters of a description: ours have 423 at most. With the longest lists it fits into a checkpoint still. */
const LONGEST_DESCRIPTION = 4096;

/** A field that is left out where Atlas sends none, or another than documented. */
const documented = <S extends v.GenericSchema>(schema: S) => v.optional(v.fallback(v.optional(schema), undefined));
const text = (pattern: RegExp) => v.pipe(v.string(), v.regex(pattern));

const Id = text(/^[a-f0-9]{24}$/);
const Time = text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
const Region = text(/^[A-Za-z]{2,16}([_-][A-Za-z0-9]{1,12}){0,5}$/);
const Provider = v.picklist(["AWS", "AZURE", "GCP"]);
const Name = text(/^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/);
const Href = text(
	/^https?:\/\/[a-z0-9.:-]{1,100}\/api\/atlas\/v2\/groups\/[a-f0-9]{24}\/clusters\/[A-Za-z0-9-]{1,100}(\/backup\/snapshots\/(shardedCluster\/)?[a-f0-9]{24})?$/,
);
const Rel = text(/^(self|https:\/\/(cloud|mms)\.mongodb\.com\/[A-Za-z]{1,40})$/);

/** Replaces a status that is not written like one. */
const UNKNOWN_STATUS = "unknown";

/**
 * Atlas's snapshot, replica set or sharded cluster: its documented fields, each left out where it is not what is
 * documented, since whatever is here is published. Only `id` and `status` are asked for: Atlas leaves fields out until
 * the snapshot is completed, and sends `frequencyType: "ondemand"` outside its published enum.
 *
 * @see Atlas Administration API, `DiskBackupReplicaSet` and `DiskBackupShardedClusterSnapshot`
 */
export const SnapshotSchema = v.object({
	id: Id,
	status: v.pipe(
		v.string(),
		v.transform((status) => (/^[A-Za-z][A-Za-z_]{0,31}$/.test(status) ? status : UNKNOWN_STATUS)),
	),
	snapshotType: documented(v.picklist(["onDemand", "scheduled", "fallback"])),
	frequencyType: documented(v.picklist(["ondemand", "hourly", "daily", "weekly", "monthly", "yearly"])),
	type: documented(v.picklist(["replicaSet", "shardedCluster"])),
	description: documented(v.pipe(v.string(), v.maxLength(LONGEST_DESCRIPTION))),
	createdAt: documented(Time),
	expiresAt: documented(Time),
	storageSizeBytes: documented(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
	mongodVersion: documented(text(/^\d{1,4}\.\d{1,4}\.\d{1,4}$/)),
	masterKeyUUID: documented(text(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/)),
	links: documented(v.pipe(v.array(v.unknown()), v.maxLength(MOST_PARTS), v.array(v.object({ href: Href, rel: Rel })))),
	policyItems: documented(v.pipe(v.array(v.unknown()), v.maxLength(MOST_PARTS), v.array(Id))),
	/** Of a replica set. */
	cloudProvider: documented(Provider),
	copyRegions: documented(v.pipe(v.array(v.unknown()), v.maxLength(MOST_PARTS), v.array(Region))),
	replicaSetName: documented(Name),
	/** Of a sharded cluster. */
	configServerType: documented(v.picklist(["EMBEDDED", "DEDICATED"])),
	members: documented(
		v.pipe(
			v.array(v.unknown()),
			v.maxLength(MOST_PARTS),
			v.array(v.object({ id: Id, replicaSetName: Name, cloudProvider: Provider })),
		),
	),
	snapshotIds: documented(v.pipe(v.array(v.unknown()), v.maxLength(MOST_PARTS), v.array(Id))),
});

/** What is known of the fields that decisions rest on; they are `unknown` where no decision needs their type. */
export interface Snapshot {
	readonly id: string;
	readonly status: string;
	readonly snapshotType?: unknown;
	readonly description?: unknown;
	readonly createdAt?: unknown;
	readonly type?: unknown;
	readonly [documented: string]: unknown;
}

/** What a snapshot is of, as its `type` says; Atlas lists each kind apart. */
export type SnapshotKind = "replicaSet" | "shardedCluster";

/** @returns `undefined` where Atlas reports neither */
export const snapshotKind = ({ type }: Pick<Snapshot, "type">): SnapshotKind | undefined =>
	type === "replicaSet" || type === "shardedCluster" ? type : undefined;

/** The kind of a cluster's snapshots, by Atlas's `clusterType`. @returns `undefined` where it is none that is known */
export function snapshotKindOfCluster(clusterType: string | null | undefined): SnapshotKind | undefined {
	if (clusterType === "REPLICASET") return "replicaSet";
	return clusterType === "SHARDED" || clusterType === "GEOSHARDED" ? "shardedCluster" : undefined;
}

/** Queued or in progress: Atlas is at it. An unknown status counts as neither running nor ended. */
export const isRunning = ({ status }: Snapshot): boolean => status === "queued" || status === "inProgress";

/** Taken on demand, as opposed to by Atlas's own backup policy. */
export const isOnDemand = ({ snapshotType }: Snapshot): boolean => snapshotType === "onDemand";

/**
 * When Atlas accepted the request: the first four bytes of an ObjectId are seconds since 1970. `createdAt` cannot
 * serve, since it is absent until the snapshot is completed.
 *
 * @returns epoch milliseconds
 * @see MongoDB manual, ObjectId
 */
export const requestTime = ({ id }: Pick<Snapshot, "id">): number => Number.parseInt(id.slice(0, 8), 16) * 1000;

const DAY = 24 * 60 * 60_000;
/** Milliseconds by which a snapshot may be kept shorter than asked for: Atlas's times and ours differ a little. */
const SLACK = 10 * 60_000;

/**
 * Whether a snapshot is kept at least as long as requested; false where Atlas does not say until when. `expiresAt`
 * counts from the snapshot's request while it runs, and later from its end.
 */
export const isKeptAtLeast = (snapshot: Snapshot, retentionInDays: number): boolean =>
	Date.parse(String(snapshot["expiresAt"])) >= requestTime(snapshot) + retentionInDays * DAY - SLACK;

/**
 * The newest snapshot that was completed, by the time at which it was asked for; `undefined` where there is none. A
 * list's own order says nothing, since Atlas does not document it.
 */
export function newestCompleted(snapshots: readonly Snapshot[]): Snapshot | undefined {
	return snapshots
		.filter(({ status }) => status === "completed")
		.reduce<Snapshot | undefined>(
			(newest, one) => (newest === undefined || requestTime(one) > requestTime(newest) ? one : newest),
			undefined,
		);
}

/**
 * Whether a snapshot was taken because someone asked for it, and not by Atlas's own backup policy. A `fallback` is what
 * Atlas takes when the usual way fails.
 */
export const isNotScheduled = ({ snapshotType }: Snapshot): boolean => snapshotType !== "scheduled";

/** The newest completed snapshot that was taken on demand in the usual way. */
export const newestOnDemand = (snapshots: readonly Snapshot[]): Snapshot | undefined =>
	newestCompleted(snapshots.filter(isOnDemand));

/** @param now epoch milliseconds @returns whole seconds since a snapshot was asked for, never below 0 */
export const ageSeconds = (snapshot: Snapshot, now: number): number =>
	Math.max(0, Math.round((now - requestTime(snapshot)) / 1000));
