import type { Reason } from "./outcome.ts";
import { isOnDemand, newestCompleted, requestTime, type Snapshot } from "./snapshot.ts";

const DAY = 86_400_000;
/** Milliseconds by which times may differ through rounding. */
const ROUNDING = 60_000;

/**
 * Verifies a completed snapshot against the others of its cluster.
 *
 * @param others the cluster's snapshots; this one among them is passed over
 * @param retentionInDays as asked for
 * @returns warnings; empty where there is none
 */
export function verificationWarnings(
	snapshot: Snapshot,
	others: readonly Snapshot[],
	retentionInDays: number,
): Reason[] {
	const earlier = others.filter(
		(other) => other.id !== snapshot.id && other.status === "completed" && requestTime(other) <= requestTime(snapshot),
	);
	return [
		fallback(snapshot),
		shrunk(snapshot, earlier),
		keptShort(snapshot, retentionInDays),
		uncopied(snapshot, earlier),
	].filter((warning) => warning !== undefined);
}

/** For a snapshot that could not be read again. */
export const notVerifiedWarning = ({ message }: Reason): Reason => ({
	code: "NOT_PROVEN",
	message: `the snapshot is completed, but its size, retention and copies could not be verified: ${message}`,
});

function fallback({ snapshotType }: Snapshot): Reason | undefined {
	if (snapshotType !== "fallback") return undefined;
	return {
		code: "FALLBACK_SNAPSHOT",
		message: "Atlas took a fallback snapshot, since the usual way failed; see the project's activity feed",
	};
}

function shrunk(snapshot: Snapshot, earlier: readonly Snapshot[]): Reason | undefined {
	const size = sizeOf(snapshot);
	const last = newestCompleted(earlier.filter((one) => sizeOf(one) !== undefined));
	const before = last && sizeOf(last);
	if (size === undefined || before === undefined || size >= before / 2) return undefined;
	return {
		code: "SIZE_HALVED",
		message: `the snapshot holds ${size} bytes, under half of the ${before} of the last one; was data dropped?`,
	};
}

/**
 * Retention counts from completion, which Atlas does not report; `createdAt` is when the data was cut, a little before.
 * So what ends earlier than that is certainly kept too short.
 */
function keptShort(snapshot: Snapshot, retentionInDays: number): Reason | undefined {
	const expiresAt = timeOf(snapshot["expiresAt"]);
	const from = timeOf(snapshot.createdAt) ?? requestTime(snapshot);
	if (expiresAt === undefined || expiresAt - from >= retentionInDays * DAY - ROUNDING) return undefined;
	return {
		code: "RETENTION_SHORTER",
		message: `the snapshot is kept until ${new Date(expiresAt).toISOString()}, shorter than the ${retentionInDays} days asked for`,
	};
}

/** Copies are set per kind of snapshot, so those on demand are compared among themselves where there are any. */
function uncopied(snapshot: Snapshot, earlier: readonly Snapshot[]): Reason | undefined {
	const alike = earlier.filter(isOnDemand);
	const had = new Set((alike.length > 0 ? alike : earlier).flatMap(regionsOf));
	const missing = [...had].filter((region) => !regionsOf(snapshot).includes(region));
	if (missing.length === 0) return undefined;
	return {
		code: "COPY_MISSING",
		message: `the snapshot has no copy, or none yet, in ${missing.toSorted().join(", ")}, where earlier ones have; see the backup policy`,
	};
}

/** Atlas reports 0 for a size that it has not measured. */
function sizeOf(snapshot: Snapshot): number | undefined {
	const size = snapshot["storageSizeBytes"];
	return typeof size === "number" && size > 0 ? size : undefined;
}

/** Names of regions only: what else Atlas may send does not belong into a message. */
function regionsOf(snapshot: Snapshot): string[] {
	const regions = snapshot["copyRegions"];
	return Array.isArray(regions) ? regions.filter(isRegion) : [];
}

const isRegion = (value: unknown): value is string => typeof value === "string" && /^[\w-]{1,64}$/.test(value);

function timeOf(value: unknown): number | undefined {
	const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
	return Number.isNaN(time) ? undefined : time;
}
