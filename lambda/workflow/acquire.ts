import { afterExplanation, afterLookup, afterRequest } from "../domain/acquisition.ts";
import type { RunIdentity } from "../domain/acquisition-state.ts";
import {
	type AcquisitionAction,
	type AcquisitionState,
	type AcquisitionTerms,
	initialAcquisition,
	type LookupResult,
	type RequestResult,
} from "../domain/acquisition-state.ts";
import { giveUp, lookupsKept } from "../domain/acquisition-timing.ts";
import type { ExpectedDuration } from "../domain/expectation.ts";
import { refusalReportTime } from "../domain/failure.ts";
import type { Provenance, Reason, Target } from "../domain/outcome.ts";
import { hasStoppedRunning } from "../domain/polling.ts";
import { type Run, runMarker } from "../domain/run.ts";
import { requestTime, type Snapshot } from "../domain/snapshot.ts";
import { explainRefusal } from "./explain-refusal.ts";
import type { CountedSteps } from "./operations.ts";
import { cutSeconds } from "./pace.ts";
import { createTargetWarning, waitForOther } from "./poll.ts";
import type { Ports } from "./ports.ts";
import { interruptedRequest, lookUpSnapshots, requestSnapshot } from "./request-snapshot.ts";

/** The clock of one target: epoch milliseconds, and the pace in seconds. */
export interface TargetLimits {
	readonly startedAt: number;
	readonly deadlineAt: number;
	readonly hardLimitAt: number;
	readonly firstPollSeconds: number;
	/** Where Atlas asked to wait before the first request: how long, and why. */
	readonly hold?: { readonly seconds: number; readonly reason: Reason | undefined } | undefined;
	/**
	 * Seconds before the next request or lookup after so many failures in a row. It grows to half an hour and more, honours
	 * Retry-After, and stays within the target's durable operations, of which a pause and what follows it take two.
	 *
	 * @param at epoch milliseconds, now
	 * @param lookups for which operations are kept, since they come at times of their own
	 */
	readonly backOff: (attempt: number, at: number, lookups: number, retryAfterSeconds?: number) => number;
}

export interface Acquired {
	readonly snapshot: Snapshot;
	readonly provenance: Provenance;
	/** Epoch milliseconds: of our request, or of the request of whoever's snapshot we adopted. */
	readonly requestedAt: number;
	/** Epoch milliseconds at which we learned of it. */
	readonly seenAt: number;
	/** Of how long it takes; `null` where the listed ones do not tell, absent where none were listed. */
	readonly expectation?: ExpectedDuration | null;
	/** Epoch milliseconds of the last warning. */
	readonly warnedAt?: number | undefined;
}

/** Epoch milliseconds. */
export type NotAcquired = Omit<Extract<AcquisitionAction, { do: "end" }>, "do"> & { readonly endedAt: number };

/**
 * Takes one snapshot of a target, and never two: asks once, and when the end of that is unknown looks for the marker
 * before it asks again.
 *
 * @param onLate called when the deadline has passed while a request is in doubt, until it returns true
 */
export async function acquireSnapshot(
	ports: Ports,
	steps: CountedSteps,
	run: Run,
	target: Target,
	limits: TargetLimits,
	onLate: () => Promise<boolean>,
): Promise<Acquired | NotAcquired> {
	const { startedAt, deadlineAt, hardLimitAt } = limits;
	const { onConflict: policy, retentionInDays } = run.request;
	const own: RunIdentity = {
		marker: runMarker(run.run, ports.stack),
		// Held against Atlas's clock, so by a clock that AWS keeps: the function's own may be wrong.
		startedAt: steps.executionStartedAt ?? startedAt,
	};
	const backOff = (attempt: number, retryAfter?: number) =>
		limits.backOff(attempt, now, lookupsKept(taking), retryAfter);
	const terms: AcquisitionTerms = {
		...{ policy, retentionInDays, deadlineAt, hardLimitAt },
		backOff,
	};
	let taking: AcquisitionState = { ...initialAcquisition, reason: limits.hold?.reason ?? null };
	let move: AcquisitionAction = { do: "ask", afterSeconds: limits.hold?.seconds ?? 0 };
	let now = startedAt;
	let requestedAt = startedAt;
	let late = false;
	let warnedAt: number | undefined;
	let expectation: ExpectedDuration | null | undefined;
	/** Whether a snapshot may be there, so that what passes the deadline is told to be late. */
	const mayBeThere = () => taking.inDoubt || taking.ending !== null;
	const passDeadline = async () => {
		if (late || move.do === "end" || move.do === "follow") return;
		if (mayBeThere() && now >= deadlineAt) late = await onLate();
	};
	/** A wait in doubt is divided at the deadline, so that it is told when it passes; what Atlas asks to wait is waited in full. */
	const sleep = async (name: string, seconds: number) => {
		let left = seconds;
		if (mayBeThere() && now < deadlineAt && now + seconds * 1000 > deadlineAt) {
			const untilLate = cutSeconds(seconds, (deadlineAt - now) / 1000);
			await steps.sleep("before-deadline", untilLate);
			left -= untilLate;
			now += untilLate * 1000;
			await passDeadline();
		}
		if (left > 0) await steps.sleep(name, left);
	};
	const warnIf = (result: RequestResult | LookupResult) => {
		const verdict = "verdict" in result ? result.verdict : undefined;
		const failed = verdict && (verdict.retry === "again" || verdict.refused) ? verdict : undefined;
		const reason = failed?.reason ?? (taking.inDoubt && taking.reason);
		if (!reason) return;
		const why = taking.inDoubt ? IN_DOUBT : failed?.answered ? "Atlas turned a call down" : "Atlas does not answer";
		const warn = createTargetWarning(steps.warn, run.run, target, `no snapshot yet: ${why}`);
		warnedAt = warn(reason, now, warnedAt, "afterSeconds" in move ? move.afterSeconds : 0);
	};
	const onLooked = (looked: LookupResult) => {
		now = looked.at;
		if ("snapshots" in looked) expectation = looked.expectation;
		[taking, move] = afterLookup(taking, looked, terms);
		warnIf(looked);
	};

	for (;;) {
		switch (move.do) {
			case "ask": {
				// Whatever made it due, from the second repetition on a request is never sent at once.
				const least = taking.asks > 1 ? backOff(taking.asks - 1) : 0;
				const seconds = Math.max(move.afterSeconds, least);
				if ((taking.asks > 0 || seconds > 0) && now + seconds * 1000 >= deadlineAt) {
					[taking, move] = giveUp(taking, now, terms, move.afterSeconds);
					break;
				}
				await sleep("before-asking", seconds);
				const lookFirst = taking.leftAt !== null;
				const done = await steps.once("take-snapshot", () =>
					requestSnapshot(ports, run, target, own, deadlineAt, lookFirst),
				);
				const asked = done ?? interruptedRequest(now);
				if ("looked" in asked) {
					onLooked(asked.looked);
					break;
				}
				now = asked.at;
				if (taking.asks === 0) requestedAt = asked.askedAt;
				[taking, move] = afterRequest(taking, asked, terms);
				// No step was carried out of which the log could tell; the look that follows tells it.
				if (done) warnIf(asked);
				break;
			}
			case "look": {
				await sleep("before-looking", move.afterSeconds);
				onLooked(await steps.step("look-for-ours", () => lookUpSnapshots(ports, target, own)));
				break;
			}
			case "wait-for": {
				const known = { seenAt: now, expectation: expectation ?? undefined, warnedAt };
				const waited = await waitForOther(ports, steps, run, target, move.snapshot, limits, known);
				[now, warnedAt] = [waited.watch.lookedAt, waited.warnedAt];
				if (!hasStoppedRunning(waited.watch) || now >= deadlineAt)
					return { state: "REFUSED", reason: stillRunning(taking.conflict), endedAt: now };
				move = { do: "ask", afterSeconds: 0 };
				break;
			}
			case "explain": {
				const refusal = move;
				const reportAt = refusalReportTime([taking.askRefusals, taking.lookRefusals], now);
				const patientUntil = refusal.again ? now : Math.min(deadlineAt, reportAt);
				const explained = await explainRefusal(ports, steps, run.request, target, refusal, patientUntil);
				now = explained.at;
				[taking, move] = afterExplanation(taking, refusal, explained, terms);
				break;
			}
			case "follow": {
				const { snapshot, provenance } = move;
				const acceptedAt = requestTime(snapshot);
				// Of several requests the one that was carried out counts; Atlas's clock is believed between ours and now.
				const since = provenance === "adopted" ? acceptedAt : Math.min(Math.max(requestedAt, acceptedAt), now);
				return { snapshot, provenance, requestedAt: since, seenAt: now, expectation, warnedAt };
			}
			case "end":
				return { state: move.state, reason: move.reason, endedAt: now };
		}
		await passDeadline();
	}
}

const IN_DOUBT = "a request is in doubt, Atlas may have carried it out";
const stillRunning = (conflict: Reason | null): Reason => ({
	code: conflict?.code ?? "ATLAS_SNAPSHOT_RUNNING",
	message: "another on-demand snapshot was still running at the deadline; allow more deadlineMinutes, or join it",
});
