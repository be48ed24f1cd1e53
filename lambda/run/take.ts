import { isOutOfTheWay } from "../domain/following.ts";
import type { FinalState, Provenance, Reason, Target } from "../domain/outcome.ts";
import { describe, marker, type Run } from "../domain/run.ts";
import { requestTime, type Snapshot } from "../domain/snapshot.ts";
import {
	type Asked,
	afterAsking,
	afterLooking,
	findIn,
	type Looked,
	type Move,
	type Taking,
	type Terms,
	untaken,
} from "../domain/taking.ts";
import { judge } from "../domain/verdict.ts";
import { explain } from "./explain.ts";
import { follow } from "./follow.ts";
import type { CountedSteps } from "./operations.ts";
import { cut } from "./pace.ts";
import type { Ports } from "./ports.ts";
import { warnAbout } from "./warn.ts";

/** The clock of one target: epoch milliseconds, and the pace in seconds. */
export interface Limits {
	readonly startedAt: number;
	readonly deadlineAt: number;
	readonly hardLimitAt: number;
	readonly firstPollSeconds: number;
	/**
	 * Seconds before the next request or lookup after so many failures in a row. It grows to half an hour and more, honours
	 * Retry-After, and stays within the target's durable operations, of which a pause and what follows it take two.
	 *
	 * @param at epoch milliseconds, now
	 */
	readonly backOff: (attempt: number, at: number, retryAfterSeconds?: number) => number;
}

export interface Taken {
	readonly snapshot: Snapshot;
	readonly provenance: Provenance;
	/** Epoch milliseconds: of our request, or of the request of whoever's snapshot we adopted. */
	readonly requestedAt: number;
	/** Epoch milliseconds at which we learned of it. */
	readonly seenAt: number;
}

export interface NotTaken {
	readonly state: FinalState;
	readonly reason: Reason;
	readonly endedAt: number;
}

/**
 * Takes one snapshot of a target, and never two: asks once, and when the end of that is unknown looks for the marker
 * before it asks again.
 *
 * @param onLate called when the deadline has passed while a request is in doubt, until it returns true
 */
export async function take(
	ports: Ports,
	steps: CountedSteps,
	run: Run,
	target: Target,
	limits: Limits,
	onLate: () => Promise<boolean>,
): Promise<Taken | NotTaken> {
	const terms: Terms = {
		policy: run.request.onConflict,
		deadlineAt: limits.deadlineAt,
		hardLimitAt: limits.hardLimitAt,
		backOff: (attempt, retryAfter) => limits.backOff(attempt, now, retryAfter),
	};
	let taking: Taking = untaken;
	let move: Move = { do: "ask", afterSeconds: 0 };
	let now = limits.startedAt;
	let requestedAt = limits.startedAt;
	let late = false;
	const warn = warnAbout(
		steps.warn,
		run.run,
		target,
		"no snapshot yet: Atlas does not answer, or a request is in doubt",
	);
	let warnedAt: number | undefined;
	const warnIf = (result: Asked | Looked) => {
		const pause = "afterSeconds" in move ? move.afterSeconds : 0;
		if ("verdict" in result && result.verdict.retry === "again") {
			warnedAt = warn(result.verdict.reason, now, warnedAt, pause);
		} else if (taking.inDoubt && taking.reason) warnedAt = warn(taking.reason, now, warnedAt, pause);
	};

	for (;;) {
		switch (move.do) {
			case "ask": {
				// Whatever made it due, from the second repetition on a request is never sent at once.
				const least = taking.asks > 1 ? limits.backOff(taking.asks - 1, now) : 0;
				const seconds = Math.max(move.afterSeconds, least);
				if (taking.asks > 0 && now + seconds * 1000 >= limits.deadlineAt) {
					return { state: "REFUSED", reason: taking.reason ?? tooLate, endedAt: now };
				}
				if (seconds > 0) await steps.sleep("before-asking", seconds);
				const asked: Asked & { readonly askedAt?: number } =
					(await steps.once("take-snapshot", () => ask(ports, run, target))) ?? interrupted(now);
				if (taking.asks === 0) requestedAt = asked.askedAt ?? now;
				now = asked.at;
				[taking, move] = afterAsking(taking, asked, terms);
				warnIf(asked);
				break;
			}
			case "look": {
				let seconds = move.afterSeconds;
				if (taking.inDoubt && now < limits.deadlineAt && now + seconds * 1000 > limits.deadlineAt) {
					// The deadline is told when it passes, and what Atlas asks to wait is waited in full all the same.
					const untilLate = cut(seconds, (limits.deadlineAt - now) / 1000);
					await steps.sleep("before-deadline", untilLate);
					seconds -= untilLate;
					now += untilLate * 1000;
					late = await onLate();
				}
				if (seconds > 0) await steps.sleep("before-looking", seconds);
				const looked: Looked = await steps.step("look-for-ours", () => look(ports, run, target));
				now = looked.at;
				[taking, move] = afterLooking(taking, looked, terms);
				warnIf(looked);
				break;
			}
			case "wait-for": {
				const bounds = {
					startedAt: limits.startedAt,
					since: requestTime(move.snapshot),
					seenAt: now,
					deadlineAt: limits.deadlineAt,
					hardLimitAt: limits.deadlineAt,
					firstPollSeconds: limits.firstPollSeconds,
				};
				const warn = warnAbout(ports.warn, run.run, target, "Atlas does not say how another's snapshot stands");
				const { watch: seen } = await follow(ports, steps, "wait-for-other", target, move.snapshot, bounds, warn);
				now = seen.lookedAt;
				if (!isOutOfTheWay(seen) || now >= limits.deadlineAt)
					return { state: "REFUSED", reason: stillRunning(taking.conflict), endedAt: now };
				move = { do: "ask", afterSeconds: 0 };
				break;
			}
			case "explain": {
				const refusal = move;
				const { state, reason, at } = await steps.step("explain-refusal", () =>
					explain(ports, run.request, target, refusal),
				);
				return { state, reason, endedAt: at };
			}
			case "follow": {
				const { snapshot, provenance } = move;
				const since = provenance === "adopted" ? requestTime(snapshot) : requestedAt;
				return { snapshot, provenance, requestedAt: since, seenAt: now };
			}
			case "end":
				return { state: move.state, reason: move.reason, endedAt: now };
		}
		if (taking.inDoubt && !late && now >= limits.deadlineAt) {
			late = await onLate();
		}
	}
}

/** The process died within the request: Atlas may have it or not. */
const interrupted = (at: number): Asked => ({
	at,
	verdict: {
		reason: { code: "INTERRUPTED", message: "the function was stopped while it asked Atlas for the snapshot" },
		code: "INTERRUPTED",
		retry: "again",
		executed: "unknown",
	},
});

async function ask(ports: Ports, run: Run, target: Target): Promise<Asked & { readonly askedAt: number }> {
	const askedAt = ports.now();
	const request = {
		description: describe(run.run, ports.stack, run.request),
		retentionInDays: run.request.retentionInDays,
	};
	try {
		const snapshot = await ports.takeSnapshot(target, request);
		return { askedAt, at: ports.now(), snapshot };
	} catch (error) {
		return { askedAt, at: ports.now(), verdict: judge(error) };
	}
}

async function look(ports: Ports, run: Run, target: Target): Promise<Looked> {
	try {
		const snapshots = findIn(await ports.listSnapshots(target), marker(run.run, ports.stack));
		return { at: ports.now(), snapshots };
	} catch (error) {
		return { at: ports.now(), verdict: judge(error) };
	}
}

const tooLate: Reason = { code: "DEADLINE", message: "no snapshot could be asked for before the deadline" };

const stillRunning = (conflict: Reason | null): Reason => ({
	code: conflict?.code ?? "ATLAS_SNAPSHOT_RUNNING",
	message: "another on-demand snapshot was still running at the deadline; allow more deadlineMinutes, or join it",
});
