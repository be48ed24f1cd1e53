import { durationInWords, type ExpectedDuration, slowSnapshotWarnings } from "../domain/expectation.ts";
import type { PublishStep, Reason, TargetStatus } from "../domain/outcome.ts";
import { finalOutcome, pollStatus } from "../domain/polling.ts";
import { followingMinutes } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
import { DECIDE_STEP, type DecidedEnd, lostByDefect, type TargetChange } from "../domain/state-change.ts";
import { type Acquired, acquireSnapshot, type NotAcquired, type TargetLimits } from "./acquire.ts";
import { findRecentSnapshot } from "./minimum-age.ts";
import { type CountedSteps, countOperations } from "./operations.ts";
import { backOffSeconds } from "./pace.ts";
import { createTargetWarning, pollSnapshot } from "./poll.ts";
import type { Ports } from "./ports.ts";
import { createPublisher, type Publisher } from "./publish.ts";
import type { SelectedTarget } from "./select.ts";
import type { DurableSteps } from "./steps.ts";

/**
 * What happens to one target, in the order it happens: take → follow → publish. It ends with exactly one final state,
 * which has been published; a defect ends it as `LOST`.
 *
 * @param startedAt epoch milliseconds of the run's start, from which the deadline counts
 * @param onDefect told what broke the workflow off
 * @param isOfPart the end is kept before it is published, so that the run can publish the same should AWS end the part
 * @throws ServiceError `PUBLISH_FAILED` when the bus did not take the final event for three days
 */
export async function runTarget(
	ports: Ports,
	uncounted: DurableSteps,
	run: Run,
	target: SelectedTarget,
	startedAt: number,
	firstPollSeconds: number,
	onDefect: (error: unknown) => void,
	isOfPart = false,
): Promise<TargetStatus> {
	const steps = countOperations(uncounted, followingMinutes(run.request));
	const limits = limitsOf(steps, run, target, startedAt, firstPollSeconds);
	const publisher = createPublisher(ports, steps, run, target, limits.deadlineAt);
	let end: { readonly step: PublishStep; readonly change: TargetChange };
	try {
		const change = await carryOutTarget(ports, steps, run, target, limits, publisher);
		end = { step: "publish-end", change };
	} catch (error) {
		onDefect(error);
		end = { step: "publish-broken-off", change: lostByDefect(startedAt, error) };
	}
	if (isOfPart) {
		const { projectId, clusterName } = target;
		const decided: DecidedEnd = { projectId, clusterName, decided: end.change };
		await steps.step(DECIDE_STEP, async () => decided);
	}
	return publisher.end(end.step, end.change);
}

function limitsOf(
	steps: CountedSteps,
	run: Run,
	target: SelectedTarget,
	startedAt: number,
	firstPollSeconds: number,
): TargetLimits {
	const minutes = (count: number) => startedAt + count * 60_000;
	return {
		startedAt,
		deadlineAt: minutes(run.request.deadlineMinutes),
		hardLimitAt: minutes(followingMinutes(run.request)),
		firstPollSeconds,
		backOff(attempt, at, lookups, retryAfterSeconds) {
			const elapsedSeconds = (at - startedAt) / 1000;
			const seed = `${run.run}/${target.clusterName}/${attempt}`;
			const seconds = Math.max(
				backOffSeconds(attempt, seed, retryAfterSeconds, elapsedSeconds),
				// A request or a lookup is a wait and a step.
				steps.leastPause(elapsedSeconds, 2, 2 * lookups),
			);
			return withLastTry(seconds, minutes(run.request.deadlineMinutes) - at, retryAfterSeconds);
		},
	};
}

/** A pause that would pass the deadline is cut for a last try before it, where Atlas does not want to be left alone. */
function withLastTry(seconds: number, millisecondsLeft: number, retryAfterSeconds = 0): number {
	const untilLastTry = Math.floor(millisecondsLeft / 1000) - LAST_TRY_SECONDS;
	const fits = untilLastTry > LAST_TRY_SECONDS && untilLastTry >= retryAfterSeconds;
	return fits ? Math.min(seconds, untilLastTry) : seconds;
}

/** Seconds before the deadline: more than a request takes. */
const LAST_TRY_SECONDS = 30;

/** @returns the end of the target, not yet published */
async function carryOutTarget(
	ports: Ports,
	steps: CountedSteps,
	run: Run,
	target: SelectedTarget,
	limits: TargetLimits,
	publisher: Publisher,
): Promise<TargetChange> {
	const { startedAt, firstPollSeconds } = limits;
	const atOnce = { requestedAt: startedAt, endedAt: startedAt };
	if (target.refused) return { state: "REFUSED", reason: target.refused, ...atOnce };
	if (target.ineligible) return { state: "SKIPPED", reason: target.ineligible, ...atOnce };
	const { minimumAgeMinutes, retentionInDays } = run.request;
	let listed: ExpectedDuration | null | undefined;
	let hold: TargetLimits["hold"];
	if (minimumAgeMinutes !== undefined) {
		const younger = await steps.step("look-for-younger", () =>
			findRecentSnapshot(ports, target, minimumAgeMinutes, retentionInDays),
		);
		if (younger.reason) {
			return { state: "SKIPPED", reason: younger.reason, requestedAt: startedAt, endedAt: younger.at };
		}
		listed = younger.expectation;
		const { notBefore, unread, at } = younger;
		if (notBefore !== undefined) hold = { seconds: Math.ceil((notBefore - at) / 1000), reason: unread };
	}

	let late = false;
	let lateOffers = 0;
	const offerLate = async (known: Pick<TargetChange, "snapshot" | "provenance" | "requestedAt" | "expectation">) => {
		late = true;
		const reason = pastDeadline(run.request.deadlineMinutes, known.expectation);
		const warnings = slowSnapshotWarnings(known.expectation, (limits.deadlineAt - known.requestedAt) / 1000);
		return publisher.offer("publish-late", { ...known, state: "LATE", reason, warnings });
	};
	const taken = await acquireSnapshot(ports, steps, run, target, { ...limits, hold }, async () => {
		lateOffers += 1;
		return (await offerLate({ requestedAt: startedAt })) || lateOffers >= LATE_OFFERS;
	});
	if (!isTaken(taken)) return { ...taken, requestedAt: startedAt };

	const { snapshot, provenance, requestedAt } = taken;
	const started = { snapshot, provenance, requestedAt, expectation: taken.expectation ?? listed };
	const { expectation, notBefore } = await publisher.offerStarted({ state: "STARTED", ...started });
	const known = { ...started, expectation };

	const bounds = {
		startedAt,
		since: requestedAt,
		seenAt: taken.seenAt,
		notBefore,
		hardLimitAt: limits.hardLimitAt,
		firstPollSeconds,
		expectation: expectation ?? undefined,
		warnedAt: taken.warnedAt,
		beside: publisher.offerAgain,
	};
	const deadlineAt = late ? undefined : limits.deadlineAt;
	const warn = createTargetWarning(ports.warn, run.run, target, "Atlas does not say how the snapshot stands");
	let round = await pollSnapshot(ports, steps, "follow-snapshot", target, snapshot, { ...bounds, deadlineAt }, warn);
	if (pollStatus(round.watch, { ...bounds, deadlineAt }) === "late") {
		await offerLate(known);
		round = await pollSnapshot(ports, steps, "follow-late-snapshot", target, round, bounds, warn);
	}
	const endedAt = round.watch.lookedAt;
	const warnings = slowSnapshotWarnings(expectation, (endedAt - requestedAt) / 1000);
	return { ...known, ...finalOutcome(round.watch, followingMinutes(run.request) / 60), endedAt, warnings };
}

/** Offers of LATE while a request is in doubt: one after each lookup. */
const LATE_OFFERS = 5;

const isTaken = (result: Acquired | NotAcquired): result is Acquired => "snapshot" in result;

function pastDeadline(minutes: number, expectation: ExpectedDuration | null | undefined): Reason {
	const expected = expectation
		? `earlier snapshots of this cluster took about ${durationInWords(expectation.seconds)}; `
		: "";
	return { code: "DEADLINE", message: `not ended within ${minutes} minutes; ${expected}it is followed on` };
}
