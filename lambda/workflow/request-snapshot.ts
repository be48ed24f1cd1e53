import type { LookupResult, RequestResult } from "../domain/acquisition-state.ts";
import { findOwnAndRunning, type RunIdentity, wasRequestedSince } from "../domain/acquisition-state.ts";
import { AtlasError } from "../domain/errors.ts";
import { predictDuration } from "../domain/expectation.ts";
import { classifyFailure } from "../domain/failure.ts";
import type { Target } from "../domain/outcome.ts";
import { type Run, snapshotDescription } from "../domain/run.ts";
import { isRunning, type Snapshot } from "../domain/snapshot.ts";
import type { Ports } from "./ports.ts";

/** What a request brought, or the look before it, which made it needless or impossible. Epoch milliseconds. */
export type RequestOutcome =
	| (RequestResult & { readonly askedAt: number })
	| { readonly at: number; readonly looked: LookupResult };

/** The process died within the request: Atlas may have it or not. */
export const interruptedRequest = (at: number): RequestOutcome => ({
	askedAt: at,
	at,
	verdict: {
		reason: { code: "INTERRUPTED", message: "the function was stopped while it asked Atlas for the snapshot" },
		code: "INTERRUPTED",
		retry: "again",
		executed: "unknown",
		answered: false,
		refused: false,
	},
});

/**
 * Asks Atlas for the snapshot.
 *
 * @param lookFirst look for our own first, in the same step: what the request before this one may have left behind is
 * found however long ago that was, and if it can't be looked for, nothing is asked for either
 */
export async function requestSnapshot(
	ports: Ports,
	run: Run,
	target: Target,
	own: RunIdentity,
	deadlineAt: number,
	lookFirst: boolean,
): Promise<RequestOutcome> {
	if (lookFirst) {
		const looked = await lookUpSnapshots(ports, target, own);
		if ("verdict" in looked || looked.snapshots.ours) return { at: looked.at, looked };
	}
	const askedAt = ports.now();
	if (askedAt >= deadlineAt) return { askedAt, at: askedAt, tooLate: true };
	const request = {
		description: snapshotDescription(run.run, ports.stack, run.request),
		retentionInDays: run.request.retentionInDays,
		notAfter: deadlineAt,
	};
	try {
		const snapshot = await ports.takeSnapshot(target, request);
		if (isForeign(snapshot, own)) throw foreignReply(target);
		return { askedAt, at: ports.now(), snapshot };
	} catch (error) {
		return { askedAt, at: ports.now(), verdict: classifyFailure(error) };
	}
}

/** By its description; one without is known by its age. */
const isForeign = (snapshot: Snapshot | null, own: RunIdentity): boolean =>
	snapshot !== null &&
	(typeof snapshot.description === "string"
		? !snapshot.description.endsWith(own.marker)
		: !wasRequestedSince(snapshot, own));

/** A reply that was kept somewhere on the way, or that of another request. */
const foreignReply = ({ projectId, clusterName }: Target): AtlasError =>
	new AtlasError(
		{ code: "ATLAS_UNREADABLE", executed: "unknown" },
		`cluster ${clusterName} of project ${projectId}: the answer shows another snapshot than the one asked for; look for a proxy between the function and Atlas`,
	);

export async function lookUpSnapshots(ports: Ports, target: Target, own: RunIdentity): Promise<LookupResult> {
	try {
		const listed = await ports.listSnapshots(target);
		const { ours, running } = findOwnAndRunning(listed, own);
		const snapshots = ours || !running ? { ours } : { running: await stillRunning(ports, target, running) };
		return { at: ports.now(), snapshots, expectation: predictDuration(listed) ?? null };
	} catch (error) {
		return { at: ports.now(), verdict: classifyFailure(error) };
	}
}

/** A list may be minutes old: another's snapshot that has ended since, perhaps before the run, is nothing to go by. */
async function stillRunning(ports: Ports, target: Target, { id }: Snapshot): Promise<Snapshot | undefined> {
	try {
		const present = await ports.readSnapshot(target, id);
		return isRunning(present) ? present : undefined;
	} catch (error) {
		if (classifyFailure(error).code === "ATLAS_SNAPSHOT_NOT_FOUND") return undefined;
		throw error;
	}
}
