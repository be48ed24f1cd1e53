import { standing, type Watch } from "../domain/following.ts";
import { HARD_LIMIT_MINUTES } from "../domain/order.ts";
import type { FinalState, Reason, SnapshotStateChange, State, TargetStatus } from "../domain/outcome.ts";
import type { Run } from "../domain/run.ts";
import type { Snapshot } from "../domain/snapshot.ts";
import { follow } from "./follow.ts";
import type { Ports } from "./ports.ts";
import type { Candidate } from "./select.ts";
import type { Steps } from "./steps.ts";
import { type Limits, type NotTaken, type Taken, take } from "./take.ts";

/**
 * What happens to one target, in the order it happens: take → follow → publish. It ends with exactly one final state,
 * which has been published.
 *
 * @param startedAt epoch milliseconds of the run's start, from which the deadline counts
 */
export async function backUp(
	ports: Ports,
	steps: Steps,
	run: Run,
	target: Candidate,
	startedAt: number,
	firstPollSeconds: number,
): Promise<TargetStatus> {
	const minutes = (count: number) => startedAt + count * 60_000;
	const limits: Limits = {
		startedAt,
		deadlineAt: minutes(run.order.deadlineMinutes),
		hardLimitAt: minutes(HARD_LIMIT_MINUTES),
		firstPollSeconds,
	};
	let late = false;
	const publish = (name: string, change: Change) =>
		steps.insist(name, async () => {
			const event = describeChange(run, target, change);
			await ports.publish(event);
			return statusOf(event);
		});
	const publishLate = async (taken: Pick<Change, "taken" | "requestedAt">) => {
		late = true;
		await publish("publish-late", { ...taken, state: "LATE", reason: pastDeadline(run.order.deadlineMinutes) });
	};
	const end = (change: Change) => publish("publish-end", change);

	const atOnce = { requestedAt: startedAt, endedAt: startedAt };
	if (target.refused) return end({ state: "REFUSED", reason: target.refused, ...atOnce });
	if (target.ineligible) return end({ state: "SKIPPED", reason: target.ineligible, ...atOnce });
	const taken = await take(ports, steps, run, target, limits, () => publishLate({ requestedAt: startedAt }));
	if (!isTaken(taken)) return end({ ...taken, requestedAt: startedAt });

	const { requestedAt } = taken;
	await publish("publish-started", { state: "STARTED", taken, requestedAt });

	const bounds = { since: requestedAt, seenAt: taken.seenAt, hardLimitAt: limits.hardLimitAt, firstPollSeconds };
	const deadlineAt = late ? undefined : limits.deadlineAt;
	let seen = await follow(ports, steps, "follow-snapshot", target, taken.snapshot, { ...bounds, deadlineAt });
	if (standing(seen, { ...bounds, deadlineAt }) === "late") {
		await publishLate({ taken, requestedAt });
		seen = await follow(ports, steps, "follow-late-snapshot", target, seen, bounds);
	}
	return end({ ...conclude(seen), taken, requestedAt, endedAt: seen.lookedAt });
}

/** One change of a target's state, before it is put into the words of an event. */
interface Change {
	readonly state: State;
	readonly taken?: Taken;
	/** Epoch milliseconds. */
	readonly requestedAt: number;
	/** Epoch milliseconds; of final states. */
	readonly endedAt?: number;
	readonly reason?: Reason;
	/** As Atlas returned it last; else as it was when taken. */
	readonly snapshot?: Snapshot;
}

const isTaken = (result: Taken | NotTaken): result is Taken => "snapshot" in result;

/** The last word on a followed snapshot. Only Atlas's own `completed` makes one completed. */
function conclude(seen: Watch): { state: FinalState; reason?: Reason; snapshot?: Snapshot } {
	const { ended, missing, reason } = seen;
	if (ended?.status === "completed") return { state: "COMPLETED", snapshot: ended };
	if (ended) {
		const failed = {
			code: "SNAPSHOT_FAILED",
			message: "Atlas reports that the snapshot failed; see the project's activity feed",
		};
		return { state: "FAILED", snapshot: ended, reason: failed };
	}
	if (missing >= 2) return { state: "LOST", reason: reason ?? gone };
	const hours = HARD_LIMIT_MINUTES / 60;
	const last = reason ? `; the last look failed: ${reason.message}` : `; its last status was ${quote(seen.status)}`;
	return {
		state: "LOST",
		reason: { code: "HARD_LIMIT", message: `not ended after ${hours} hours, following stopped${last}` },
	};
}

const gone: Reason = { code: "SNAPSHOT_NOT_FOUND", message: "the snapshot is gone: someone deleted it while it ran" };

const pastDeadline = (minutes: number): Reason => ({
	code: "DEADLINE",
	message: `not ended within ${minutes} minutes; it is followed on`,
});

/** A status is Atlas's word, but of any length: enough of it to recognise. */
const quote = (status: string): string => JSON.stringify(status.slice(0, 40));

function describeChange(run: Run, { projectId, clusterName }: Candidate, change: Change): SnapshotStateChange {
	const { state, taken, requestedAt, endedAt, reason } = change;
	const snapshot = change.snapshot ?? taken?.snapshot ?? null;
	return {
		version: "1",
		state,
		provenance: taken?.provenance ?? null,
		run: run.run,
		trigger: run.trigger,
		slot: run.slot ?? null,
		projectId,
		clusterName,
		snapshotId: snapshot?.id ?? null,
		snapshot,
		requestedAt: new Date(requestedAt).toISOString(),
		endedAt: endedAt === undefined ? null : new Date(endedAt).toISOString(),
		durationSeconds: endedAt === undefined ? null : Math.max(0, Math.round((endedAt - requestedAt) / 1000)),
		reason: reason ?? null,
	};
}

/** The event without the snapshot and the run, as a status reply tells it. */
function statusOf(event: SnapshotStateChange): TargetStatus {
	const { version: _version, run: _run, trigger: _trigger, slot: _slot, snapshot: _snapshot, ...status } = event;
	return status;
}
