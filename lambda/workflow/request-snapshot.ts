import type { LookupResult, RequestResult } from "../domain/acquisition-state.ts";
import { findOwnAndRunning, type RunIdentity, wasRequestedSince } from "../domain/acquisition-state.ts";
import { AtlasError } from "../domain/errors.ts";
import { predictDuration } from "../domain/expectation.ts";
import { classifyFailure } from "../domain/failure.ts";
import type { Target } from "../domain/outcome.ts";
import { snapshotDescription } from "../domain/run.ts";
import { isRunning, type Snapshot } from "../domain/snapshot.ts";
import type { Ports } from "./ports.ts";
import type { TargetContext } from "./target-context.ts";

/** The result of a request, or of the lookup before it, which made the request needless or impossible. */
export type RequestOutcome =
	| (RequestResult & { readonly requestedAt: number })
	| { readonly at: number; readonly lookup: LookupResult };

/** The process died within the request: Atlas may have executed it or not. @param at epoch milliseconds */
export const interruptedRequest = (at: number): RequestOutcome => ({
	requestedAt: at,
	at,
	failure: {
		reason: { code: "INTERRUPTED", message: "the function was stopped while it requested the snapshot" },
		code: "INTERRUPTED",
		retry: "again",
		executed: "unknown",
		answered: false,
		refused: false,
	},
});

/**
 * Requests the snapshot.
 *
 * @param deadlineAt epoch milliseconds after which nothing is sent
 * @param lookUpFirst look for the run's own snapshot first, in the same step: so what an earlier request created is found
 * however long ago that was, and if the lookup fails, nothing is requested either
 */
export async function requestSnapshot(
	{ ports, run, target }: TargetContext,
	identity: RunIdentity,
	deadlineAt: number,
	lookUpFirst: boolean,
): Promise<RequestOutcome> {
	if (lookUpFirst) {
		const lookup = await lookUpSnapshots(ports, target, identity);
		if ("failure" in lookup || lookup.snapshots.own) return { at: lookup.at, lookup };
	}
	const requestedAt = ports.now();
	if (requestedAt >= deadlineAt) return { requestedAt, at: requestedAt, tooLate: true };
	const request = {
		description: snapshotDescription(run.run, ports.stack, run.request),
		retentionInDays: run.request.retentionInDays,
		notAfter: deadlineAt,
	};
	try {
		const snapshot = await ports.takeSnapshot(target, request);
		if (isForeign(snapshot, identity)) throw foreignReply(target);
		return { requestedAt, at: ports.now(), snapshot };
	} catch (error) {
		return { requestedAt, at: ports.now(), failure: classifyFailure(error) };
	}
}

/** By its description; one without is known by its age. */
const isForeign = (snapshot: Snapshot | null, run: RunIdentity): boolean =>
	snapshot !== null &&
	(typeof snapshot.description === "string"
		? !snapshot.description.endsWith(run.marker)
		: !wasRequestedSince(snapshot, run));

/** A cached reply, or that of another request. */
const foreignReply = ({ projectId, clusterName }: Target): AtlasError =>
	new AtlasError(
		{ code: "ATLAS_UNREADABLE", executed: "unknown" },
		`cluster ${clusterName} of project ${projectId}: the reply shows another snapshot than the one requested; look for a proxy between the function and Atlas`,
	);

export async function lookUpSnapshots(ports: Ports, target: Target, run: RunIdentity): Promise<LookupResult> {
	try {
		const listed = await ports.listSnapshots(target);
		const { own, running } = findOwnAndRunning(listed, run);
		const snapshots = own || !running ? { own } : { running: await readIfRunning(ports, target, running) };
		return { at: ports.now(), snapshots, expectation: predictDuration(listed) ?? null };
	} catch (error) {
		return { at: ports.now(), failure: classifyFailure(error) };
	}
}

/** A list may be minutes old: another's snapshot may have ended since, perhaps before the run. */
async function readIfRunning(ports: Ports, target: Target, { id }: Snapshot): Promise<Snapshot | undefined> {
	try {
		const present = await ports.readSnapshot(target, id);
		return isRunning(present) ? present : undefined;
	} catch (error) {
		if (classifyFailure(error).code === "ATLAS_SNAPSHOT_NOT_FOUND") return undefined;
		throw error;
	}
}
