import { conclude } from "../domain/conclusion.ts";
import { standing } from "../domain/following.ts";
import type { Reason, TargetStatus } from "../domain/outcome.ts";
import { HARD_LIMIT_MINUTES } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
import { brokenOff, type Change, describeChange, statusOf } from "../domain/state-change.ts";
import { follow } from "./follow.ts";
import { countOperations } from "./operations.ts";
import { backOff } from "./pace.ts";
import type { Ports } from "./ports.ts";
import { prove } from "./prove.ts";
import type { Candidate } from "./select.ts";
import type { Steps } from "./steps.ts";
import { type Limits, type NotTaken, type Taken, take } from "./take.ts";
import { findYounger } from "./younger.ts";

/** Milliseconds for which a rate limit may hold back the proof, and with it the event, of a completed snapshot. */
const PROOF_PATIENCE = 2 * 60_000;

/**
 * What happens to one target, in the order it happens: take → follow → publish. It ends with exactly one final state,
 * which has been published.
 *
 * @param startedAt epoch milliseconds of the run's start, from which the deadline counts
 */
export async function backUp(
	ports: Ports,
	uncounted: Steps,
	run: Run,
	target: Candidate,
	startedAt: number,
	firstPollSeconds: number,
): Promise<TargetStatus> {
	const steps = countOperations(uncounted);
	const minutes = (count: number) => startedAt + count * 60_000;
	const limits: Limits = {
		startedAt,
		deadlineAt: minutes(run.request.deadlineMinutes),
		hardLimitAt: minutes(HARD_LIMIT_MINUTES),
		firstPollSeconds,
		backOff(attempt, at, retryAfterSeconds) {
			const elapsedSeconds = (at - startedAt) / 1000;
			const seed = `${run.run}/${target.clusterName}/${attempt}`;
			const least = steps.leastPause({ elapsedSeconds, lastSeconds: HARD_LIMIT_MINUTES * 60 }, 2);
			return Math.max(backOff(attempt, seed, retryAfterSeconds, elapsedSeconds), least);
		},
	};
	let late = false;
	// Within the step that publishes: another step for the proof would count towards the limit of an execution.
	const publish = (name: string, change: Change) =>
		steps.insist(name, async () => {
			const event = describeChange(run, target, await lookedOver(change));
			await ports.publish(event);
			return statusOf(event);
		});
	const lookedOver = async (change: Change): Promise<Change> => {
		if (change.state !== "COMPLETED" || change.snapshot === undefined) return change;
		const patientUntil = (change.endedAt ?? startedAt) + PROOF_PATIENCE;
		const proof = await prove(ports, target, change.snapshot, run.request.retentionInDays, patientUntil);
		return { ...change, ...proof };
	};
	const publishLate = async (known: Pick<Change, "snapshot" | "provenance" | "requestedAt">) => {
		late = true;
		await publish("publish-late", { ...known, state: "LATE", reason: pastDeadline(run.request.deadlineMinutes) });
	};
	const end = (change: Change) => publish("publish-end", change);

	const atOnce = { requestedAt: startedAt, endedAt: startedAt };
	if (target.refused) return end({ state: "REFUSED", reason: target.refused, ...atOnce });
	if (target.ineligible) return end({ state: "SKIPPED", reason: target.ineligible, ...atOnce });
	const { minimumAgeMinutes } = run.request;
	if (minimumAgeMinutes !== undefined) {
		const younger = await steps.step("look-for-younger", () => findYounger(ports, target, minimumAgeMinutes));
		if (younger.reason) {
			return end({ state: "SKIPPED", reason: younger.reason, requestedAt: startedAt, endedAt: younger.at });
		}
	}
	const taken = await take(ports, steps, run, target, limits, () => publishLate({ requestedAt: startedAt }));
	if (!isTaken(taken)) return end({ ...taken, requestedAt: startedAt });

	const { snapshot, provenance, requestedAt } = taken;
	const known = { snapshot, provenance, requestedAt };
	await publish("publish-started", { state: "STARTED", ...known });

	const bounds = { since: requestedAt, seenAt: taken.seenAt, hardLimitAt: limits.hardLimitAt, firstPollSeconds };
	const deadlineAt = late ? undefined : limits.deadlineAt;
	let seen = await follow(ports, steps, "follow-snapshot", target, snapshot, { ...bounds, deadlineAt });
	if (standing(seen, { ...bounds, deadlineAt }) === "late") {
		await publishLate(known);
		seen = await follow(ports, steps, "follow-late-snapshot", target, seen, bounds);
	}
	return end({ ...known, ...conclude(seen), endedAt: seen.lookedAt });
}

const isTaken = (result: Taken | NotTaken): result is Taken => "snapshot" in result;

const pastDeadline = (minutes: number): Reason => ({
	code: "DEADLINE",
	message: `not ended within ${minutes} minutes; it is followed on`,
});

/** Tells of a target whose story broke off by a defect, so that it ends in a final state like any other. */
export const tellBrokenOff = (
	ports: Ports,
	steps: Steps,
	run: Run,
	target: Candidate,
	startedAt: number,
	error: unknown,
): Promise<TargetStatus> =>
	steps.insist("publish-broken-off", async () => {
		const event = describeChange(run, target, brokenOff(startedAt, ports.now(), error));
		await ports.publish(event);
		return statusOf(event);
	});
