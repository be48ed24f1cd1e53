import { durationInWords, type ExpectedDuration, slowSnapshotWarnings } from "../domain/expectation.ts";
import type { PublishStep, Reason, TargetStatus } from "../domain/outcome.ts";
import { finalOutcome, pollStatus } from "../domain/polling.ts";
import { followingMinutes } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
import { DECIDE_STEP, type DecidedEnd, lostByDefect, type TargetChange } from "../domain/state-change.ts";
import { type Acquired, acquireSnapshot, type NotAcquired } from "./acquire.ts";
import { findRecentSnapshot } from "./minimum-age.ts";
import { countOperations } from "./operations.ts";
import { backOffSeconds } from "./pauses.ts";
import { pollSnapshot } from "./poll.ts";
import type { Ports } from "./ports.ts";
import { createPublisher, type Publisher } from "./publish.ts";
import type { SelectedTarget } from "./select.ts";
import type { DurableSteps } from "./steps.ts";
import type { TargetContext, TargetLimits } from "./target-context.ts";
import { createTargetWarning } from "./warnings.ts";

export interface TargetInput {
	readonly ports: Ports;
	readonly steps: DurableSteps;
	readonly run: Run;
	readonly target: SelectedTarget;
	/** Epoch milliseconds of the run's start, from which the deadline counts. */
	readonly startedAt: number;
	readonly firstPollSeconds: number;
	/** Called with what ended the workflow unexpectedly. */
	readonly onDefect: (error: unknown) => void;
	/** The end is kept before it is published, so that the run can publish the same should AWS end the part. */
	readonly isOfPart?: boolean;
}

/**
 * Carries out one target: acquire a snapshot, poll it, publish. It ends with exactly one final state, which has been
 * published; a defect ends it as `LOST`.
 *
 * @throws ServiceError `PUBLISH_FAILED` when the bus did not accept the final event for three days
 */
export async function runTarget(input: TargetInput): Promise<TargetStatus> {
	const { ports, run, target, startedAt, onDefect, isOfPart = false } = input;
	const steps = countOperations(input.steps, followingMinutes(run.request));
	const context: TargetContext = { ports, steps, run, target };
	const limits = limitsOf(context, startedAt, input.firstPollSeconds);
	const publisher = createPublisher(context, limits.deadlineAt);
	let end: { readonly step: PublishStep; readonly change: TargetChange };
	try {
		end = { step: "publish-end", change: await acquireAndPoll(context, limits, publisher) };
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

/** Seconds before the deadline of a last try: more than a request takes. */
const LAST_TRY_SECONDS = 30;

function limitsOf({ steps, run, target }: TargetContext, startedAt: number, firstPollSeconds: number): TargetLimits {
	const minutes = (count: number) => startedAt + count * 60_000;
	const deadlineAt = minutes(run.request.deadlineMinutes);
	return {
		startedAt,
		deadlineAt,
		hardLimitAt: minutes(followingMinutes(run.request)),
		firstPollSeconds,
		backOff(attempt, at, { each, kept }, retryAfterSeconds = 0) {
			const elapsedSeconds = (at - startedAt) / 1000;
			const seed = `${run.run}/${target.clusterName}/${attempt}`;
			const seconds = Math.max(
				backOffSeconds(attempt, seed, retryAfterSeconds, elapsedSeconds),
				steps.leastPause(elapsedSeconds, each, kept),
			);
			// A pause that would pass the deadline is cut for a last try before it, unless Atlas asked for it.
			const untilLastTry = Math.floor((deadlineAt - at) / 1000) - LAST_TRY_SECONDS;
			const fits = untilLastTry > LAST_TRY_SECONDS && untilLastTry >= retryAfterSeconds;
			return fits ? Math.min(seconds, untilLastTry) : seconds;
		},
	};
}

/** @returns the end of the target, not yet published */
async function acquireAndPoll(
	context: TargetContext,
	limits: TargetLimits,
	publisher: Publisher,
): Promise<TargetChange> {
	const { ports, steps, run, target } = context;
	const { startedAt, hardLimitAt, firstPollSeconds } = limits;
	const atOnce = { requestedAt: startedAt, endedAt: startedAt };
	if (target.refused) return { state: "REFUSED", reason: target.refused, ...atOnce };
	if (target.ineligible) return { state: "SKIPPED", reason: target.ineligible, ...atOnce };
	const { minimumAgeMinutes, deadlineMinutes } = run.request;
	let listed: ExpectedDuration | null | undefined;
	let hold: TargetLimits["hold"];
	if (minimumAgeMinutes !== undefined) {
		const recent = await steps.step("look-for-younger", () => findRecentSnapshot(context, minimumAgeMinutes));
		const { reason, notBefore, unread, at } = recent;
		if (reason) return { state: "SKIPPED", reason, requestedAt: startedAt, endedAt: at };
		listed = recent.expectation;
		if (notBefore !== undefined) hold = { seconds: Math.ceil((notBefore - at) / 1000), reason: unread };
	}

	let isLate = false;
	const offerLate = (known: Pick<TargetChange, "snapshot" | "provenance" | "requestedAt" | "expectation">) => {
		isLate = true;
		const reason = pastDeadline(deadlineMinutes, known.expectation);
		const warnings = slowSnapshotWarnings(known.expectation, (limits.deadlineAt - known.requestedAt) / 1000);
		return publisher.offerLate({ ...known, state: "LATE", reason, warnings });
	};
	const { offerAgain } = publisher;
	const acquired = await acquireSnapshot(
		context,
		{ ...limits, hold },
		{ reportLate: () => offerLate({ requestedAt: startedAt }), offerAgain },
	);
	if (!isAcquired(acquired)) return { ...acquired, requestedAt: startedAt };

	const { snapshot, provenance, requestedAt, seenAt, warnedAt, reoffered } = acquired;
	const started = { snapshot, provenance, requestedAt, expectation: acquired.expectation ?? listed };
	const { expectation, notBefore } = await publisher.offerStarted({ state: "STARTED", ...started });
	const known = { ...started, expectation };

	const times = { startedAt, since: requestedAt, seenAt, notBefore, hardLimitAt, firstPollSeconds, warnedAt };
	const pace = { ...times, expectation: expectation ?? undefined, offerAgain, reoffered };
	const untilLate = { ...pace, deadlineAt: isLate ? undefined : limits.deadlineAt };
	const warn = createTargetWarning(ports.warn, run.run, target, "Atlas does not report the snapshot's state");
	let round = await pollSnapshot(context, "follow-snapshot", snapshot, untilLate, warn);
	if (pollStatus(round.poll, untilLate) === "late") {
		await offerLate(known);
		round = await pollSnapshot(context, "follow-late-snapshot", round, pace, warn);
	}
	const endedAt = round.poll.checkedAt;
	const warnings = slowSnapshotWarnings(expectation, (endedAt - requestedAt) / 1000);
	return { ...known, ...finalOutcome(round.poll, followingMinutes(run.request) / 60), endedAt, warnings };
}

const isAcquired = (result: Acquired | NotAcquired): result is Acquired => "snapshot" in result;

function pastDeadline(minutes: number, expectation: ExpectedDuration | null | undefined): Reason {
	const expected = expectation
		? `earlier snapshots of this cluster took about ${durationInWords(expectation.seconds)}; `
		: "";
	return { code: "DEADLINE", message: `not ended within ${minutes} minutes; ${expected}polling goes on` };
}
