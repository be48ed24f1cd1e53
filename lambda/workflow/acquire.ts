import { afterExplanation, afterLookup, afterRequest } from "../domain/acquisition.ts";
import {
	type AcquisitionAction,
	type AcquisitionState,
	type AcquisitionTerms,
	type End,
	initialAcquisition,
	type LookupResult,
	type RunIdentity,
} from "../domain/acquisition-state.ts";
import { fixedLookupsLeft, giveUp } from "../domain/acquisition-timing.ts";
import type { ExpectedDuration } from "../domain/expectation.ts";
import { refusalReportTime } from "../domain/failure.ts";
import type { Provenance, Reason } from "../domain/outcome.ts";
import { hasStoppedRunning } from "../domain/polling.ts";
import { runMarker } from "../domain/run.ts";
import { requestTime, type Snapshot } from "../domain/snapshot.ts";
import { explainRejection } from "./explain-rejection.ts";
import { lookUpRepeatedly, mayExist, type Progress, warnOfFailure } from "./look-up.ts";
import { cutSeconds } from "./pauses.ts";
import { waitForOther } from "./poll.ts";
import { interruptedRequest, lookUpSnapshots, requestSnapshot } from "./request-snapshot.ts";
import type { TargetContext, TargetLimits } from "./target-context.ts";

export interface Acquired {
	readonly snapshot: Snapshot;
	readonly provenance: Provenance;
	/** Epoch milliseconds of the request for the snapshot: the run's own, or another's. */
	readonly requestedAt: number;
	/** Epoch milliseconds at which the run learned of it. */
	readonly seenAt: number;
	/** `null` where the listed snapshots do not show it, absent where none were listed. */
	readonly expectation?: ExpectedDuration | null;
	/** Epoch milliseconds of the last warning. */
	readonly warnedAt?: number | undefined;
}

/** Times are epoch milliseconds. */
export type NotAcquired = Omit<End, "do"> & { readonly endedAt: number };

/**
 * Takes one snapshot of a target, and never two: sends one request, and where its result is unknown looks for the marker
 * before it sends another.
 *
 * @param onLate called when the deadline has passed while a request is in doubt, until it returns true
 */
export async function acquireSnapshot(
	context: TargetContext,
	limits: TargetLimits,
	onLate: () => Promise<boolean>,
): Promise<Acquired | NotAcquired> {
	const { ports, steps, run, target } = context;
	const { startedAt, deadlineAt, hardLimitAt } = limits;
	const { onConflict: policy, retentionInDays } = run.request;
	const identity: RunIdentity = {
		marker: runMarker(run.run, ports.stack),
		// By AWS's clock: it is compared with Atlas's, and the function's own may be wrong.
		startedAt: steps.executionStartedAt ?? startedAt,
	};
	const backOff = (attempt: number, retryAfter?: number, isLookup = false) => {
		// A request is a wait and a step; a series of lookups is a waitForCondition, with one check more than lookups.
		const kept = fixedLookupsLeft(state).reduce((sum, { length }) => sum + length + 2, 0);
		return limits.backOff(attempt, now, { each: isLookup ? 1 : 2, kept }, retryAfter);
	};
	const terms: AcquisitionTerms = { policy, retentionInDays, deadlineAt, hardLimitAt, backOff };
	let state: AcquisitionState = { ...initialAcquisition, reason: limits.hold?.reason ?? null };
	let action: AcquisitionAction = { do: "request", afterSeconds: limits.hold?.seconds ?? 0 };
	let now = startedAt;
	let requestedAt = startedAt;
	let isLateReported = false;
	let warnedAt: number | undefined;
	let expectation: ExpectedDuration | null | undefined;
	const progress = (): Progress => ({ state, action, at: now, expectation, warnedAt });
	const reportIfLate = async () => {
		if (isLateReported || action.do === "end" || action.do === "follow") return;
		if (mayExist(state) && now >= deadlineAt) isLateReported = await onLate();
	};
	/** Divides a pause at the deadline, so that LATE is published then. */
	const sleep = async (seconds: number) => {
		let left = seconds;
		if (mayExist(state) && now < deadlineAt && now + seconds * 1000 > deadlineAt) {
			const untilLate = cutSeconds(seconds, (deadlineAt - now) / 1000);
			await steps.sleep("before-deadline", untilLate);
			left -= untilLate;
			now += untilLate * 1000;
			await reportIfLate();
		}
		if (left > 0) await steps.sleep("before-asking", left);
	};
	const decide = (before: Progress, lookup: LookupResult): Progress => {
		({ state, action, expectation, warnedAt } = before);
		now = lookup.at;
		if ("snapshots" in lookup) expectation = lookup.expectation;
		[state, action] = afterLookup(state, lookup, terms);
		return progress();
	};
	const lookUpOnce = (lookup: LookupResult) => {
		warnedAt = warnOfFailure(steps.warn, context, lookup, decide(progress(), lookup));
	};

	for (;;) {
		switch (action.do) {
			case "request": {
				// From the second repetition on a request is never sent at once.
				const least = state.requests > 1 ? backOff(state.requests - 1) : 0;
				const seconds = Math.max(action.afterSeconds, least);
				if ((state.requests > 0 || seconds > 0) && now + seconds * 1000 >= deadlineAt) {
					[state, action] = giveUp(state, now, terms, action.afterSeconds);
					break;
				}
				await sleep(seconds);
				const lookUpFirst = state.sentAt !== null;
				const done = await steps.once("take-snapshot", () =>
					requestSnapshot(context, identity, deadlineAt, lookUpFirst),
				);
				const outcome = done ?? interruptedRequest(now);
				if ("lookup" in outcome) {
					lookUpOnce(outcome.lookup);
					break;
				}
				now = outcome.at;
				if (state.requests === 0) requestedAt = outcome.requestedAt;
				[state, action] = afterRequest(state, outcome, terms);
				// An interrupted step cannot write to the log; the lookup that follows does.
				if (done) warnedAt = warnOfFailure(steps.warn, context, outcome, progress());
				break;
			}
			case "look-up": {
				if (action.afterSeconds === 0) {
					lookUpOnce(await steps.step("look-for-ours", () => lookUpSnapshots(ports, target, identity)));
					break;
				}
				const lateAt = isLateReported ? undefined : deadlineAt;
				const begin = { ...progress(), action };
				const round = await lookUpRepeatedly(context, identity, begin, decide, lateAt);
				({ state, action, at: now, expectation, warnedAt } = round);
				break;
			}
			case "wait-for-other": {
				const known = { seenAt: now, expectation: expectation ?? undefined, warnedAt };
				const waited = await waitForOther(context, action.snapshot, { ...limits, ...known });
				[now, warnedAt] = [waited.poll.checkedAt, waited.warnedAt];
				if (!hasStoppedRunning(waited.poll) || now >= deadlineAt)
					return { state: "REFUSED", reason: stillRunning(state.conflict), endedAt: now };
				action = { do: "request", afterSeconds: 0 };
				break;
			}
			case "explain": {
				const rejection = action;
				const reportAt = refusalReportTime([state.requestRefusals, state.lookupRefusals], now);
				const retryUntil = rejection.again ? now : Math.min(deadlineAt, reportAt);
				const explanation = await explainRejection(context, rejection, retryUntil);
				now = explanation.at;
				[state, action] = afterExplanation(state, rejection, explanation, terms);
				break;
			}
			case "follow": {
				const { snapshot, provenance } = action;
				const acceptedAt = requestTime(snapshot);
				// Of several requests the executed one counts; Atlas's clock is believed between the first request and now.
				const since = provenance === "adopted" ? acceptedAt : Math.min(Math.max(requestedAt, acceptedAt), now);
				return { snapshot, provenance, requestedAt: since, seenAt: now, expectation, warnedAt };
			}
			case "end":
				return { state: action.state, reason: action.reason, endedAt: now };
		}
		await reportIfLate();
	}
}

const stillRunning = (conflict: Reason | null): Reason => ({
	code: conflict?.code ?? "ATLAS_SNAPSHOT_RUNNING",
	message: "another on-demand snapshot was still running at the deadline; allow more deadlineMinutes, or join it",
});
