import { afterExplanation, afterLookup, afterRequest } from "../domain/acquisition.ts";
import {
	type AcquisitionTerms,
	type End,
	initialAcquisition,
	type LookupResult,
	type RequestResult,
	type RunIdentity,
} from "../domain/acquisition-state.ts";
import { fixedLookupsLeft, giveUp, type Next } from "../domain/acquisition-timing.ts";
import { refusalReportTime } from "../domain/failure.ts";
import type { Provenance, Reason } from "../domain/outcome.ts";
import { hasStoppedRunning } from "../domain/polling.ts";
import { runMarker } from "../domain/run.ts";
import { requestTime, type Snapshot } from "../domain/snapshot.ts";
import { explainRejection } from "./explain-rejection.ts";
import { type LateReports, lookUpRepeatedly, mayExist, type Progress, warnOfFailure } from "./look-up.ts";
import { cutSeconds } from "./pauses.ts";
import { waitForOther } from "./poll.ts";
import { interruptedRequest, lookUpSnapshots, requestSnapshot } from "./request-snapshot.ts";
import type { TargetContext, TargetLimits } from "./target-context.ts";

export interface Acquired extends Pick<Progress, "expectation" | "warnedAt" | "reoffered"> {
	readonly snapshot: Snapshot;
	readonly provenance: Provenance;
	/** Epoch milliseconds of the request for the snapshot: the run's own, or another's. */
	readonly requestedAt: number;
	/** Epoch milliseconds at which the run learned of it. */
	readonly seenAt: number;
}

/** Times are epoch milliseconds. */
export type NotAcquired = Omit<End, "do"> & { readonly endedAt: number };

/**
 * Takes one snapshot of a target, and never two: sends one request, and where its result is unknown looks for the marker
 * before it sends another.
 *
 */
export async function acquireSnapshot(
	context: TargetContext,
	limits: TargetLimits,
	{ reportLate, offerAgain }: LateReports,
): Promise<Acquired | NotAcquired> {
	const { ports, steps, run, target } = context;
	const { startedAt, deadlineAt, hardLimitAt } = limits;
	const { onConflict: policy, retentionInDays } = run.request;
	const identity: RunIdentity = {
		marker: runMarker(run.run, ports.stack),
		// By AWS's clock: it is compared with Atlas's, and the function's own may be wrong.
		startedAt: steps.executionStartedAt ?? startedAt,
	};
	let known: Progress = {
		state: { ...initialAcquisition, reason: limits.hold?.reason ?? null },
		action: { do: "request", afterSeconds: limits.hold?.seconds ?? 0 },
		at: startedAt,
	};
	let requestedAt = startedAt;
	let isLateReported = false;
	const backOff = (attempt: number, retryAfter?: number, isLookup = false) => {
		// A request is a wait and a step; a series of lookups is a waitForCondition, with one check more than lookups.
		const kept = fixedLookupsLeft(known.state).reduce((sum, { length }) => sum + length + 2, 0);
		return limits.backOff(attempt, known.at, { each: isLookup ? 1 : 2, kept }, retryAfter);
	};
	const terms: AcquisitionTerms = { policy, retentionInDays, deadlineAt, hardLimitAt, backOff };
	const reportIfLate = async () => {
		const { state, action, at } = known;
		if (isLateReported || action.do === "end" || action.do === "follow") return;
		if (!mayExist(state) || at < deadlineAt) return;
		isLateReported = true;
		await reportLate();
	};
	/** Divides a pause at the deadline, so that LATE is published then. */
	const sleep = async (seconds: number) => {
		const { state, at } = known;
		let left = seconds;
		if (mayExist(state) && at < deadlineAt && at + seconds * 1000 > deadlineAt) {
			const untilLate = cutSeconds(seconds, (deadlineAt - at) / 1000);
			await steps.sleep("before-deadline", untilLate);
			left -= untilLate;
			known = { ...known, at: at + untilLate * 1000 };
			await reportIfLate();
		}
		if (left > 0) await steps.sleep("before-asking", left);
	};
	/** The back-off of a decision counts from its result. */
	const decide = (before: Progress, at: number, next: () => Next): Progress => {
		known = { ...before, at };
		const [state, action] = next();
		known = { ...known, state, action };
		return known;
	};
	const decideAfterLookup = (before: Progress, lookup: LookupResult): Progress => {
		const expectation = "snapshots" in lookup ? lookup.expectation : before.expectation;
		return decide({ ...before, expectation }, lookup.at, () => afterLookup(before.state, lookup, terms));
	};
	const onResult = (result: RequestResult | LookupResult) => {
		known = { ...known, warnedAt: warnOfFailure(steps.warn, context, result, known) };
	};

	for (;;) {
		const { state, action, at, expectation, warnedAt, reoffered } = known;
		switch (action.do) {
			case "request": {
				// From the second repetition on a request is never sent at once.
				const least = state.requests > 1 ? backOff(state.requests - 1) : 0;
				const seconds = Math.max(action.afterSeconds, least);
				if ((state.requests > 0 || seconds > 0) && at + seconds * 1000 >= deadlineAt) {
					decide(known, at, () => giveUp(state, at, terms, action.afterSeconds));
					break;
				}
				await sleep(seconds);
				const lookUpFirst = state.sentAt !== null;
				const done = await steps.once("take-snapshot", () =>
					requestSnapshot(context, identity, deadlineAt, lookUpFirst),
				);
				const outcome = done ?? interruptedRequest(known.at);
				if ("lookup" in outcome) {
					decideAfterLookup(known, outcome.lookup);
					onResult(outcome.lookup);
					break;
				}
				if (state.requests === 0) requestedAt = outcome.requestedAt;
				decide(known, outcome.at, () => afterRequest(state, outcome, terms));
				// An interrupted step cannot write to the log; the lookup that follows does.
				if (done) onResult(outcome);
				break;
			}
			case "look-up": {
				if (action.afterSeconds > 0) {
					const lateAt = isLateReported ? undefined : deadlineAt;
					known = await lookUpRepeatedly(context, identity, known, decideAfterLookup, offerAgain, lateAt);
					break;
				}
				const lookup = await steps.step("look-for-ours", () => lookUpSnapshots(ports, target, identity));
				decideAfterLookup(known, lookup);
				onResult(lookup);
				break;
			}
			case "wait-for-other": {
				const waited = await waitForOther(context, action.snapshot, {
					...limits,
					...{ seenAt: at, expectation: expectation ?? undefined, warnedAt },
				});
				const { checkedAt } = waited.poll;
				if (!hasStoppedRunning(waited.poll) || checkedAt >= deadlineAt)
					return { state: "REFUSED", reason: stillRunning(state.conflict), endedAt: checkedAt };
				const next = { do: "request", afterSeconds: 0 } as const;
				known = { ...known, action: next, at: checkedAt, warnedAt: waited.warnedAt };
				break;
			}
			case "explain": {
				const reportAt = refusalReportTime([state.requestRefusals, state.lookupRefusals], at);
				const retryUntil = action.again ? at : Math.min(deadlineAt, reportAt);
				const explanation = await explainRejection(context, action, retryUntil);
				decide(known, explanation.at, () => afterExplanation(state, action, explanation, terms));
				break;
			}
			case "follow": {
				const { snapshot, provenance } = action;
				const acceptedAt = requestTime(snapshot);
				// Of several requests the executed one counts; Atlas's clock is believed between the first request and now.
				const since = provenance === "adopted" ? acceptedAt : Math.min(Math.max(requestedAt, acceptedAt), at);
				return { snapshot, provenance, requestedAt: since, seenAt: at, expectation, warnedAt, reoffered };
			}
			case "end":
				return { state: action.state, reason: action.reason, endedAt: at };
		}
		await reportIfLate();
	}
}

const stillRunning = (conflict: Reason | null): Reason => ({
	code: conflict?.code ?? "ATLAS_SNAPSHOT_RUNNING",
	message: "another on-demand snapshot was still running at the deadline; allow more deadlineMinutes, or join it",
});
