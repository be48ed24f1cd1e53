import type {
	AcquisitionAction,
	AcquisitionState,
	LookupResult,
	RequestResult,
	RunIdentity,
} from "../domain/acquisition-state.ts";
import type { ExpectedDuration } from "../domain/expectation.ts";
import { cutSeconds } from "./pauses.ts";
import type { Ports } from "./ports.ts";
import { lookUpSnapshots } from "./request-snapshot.ts";
import type { TargetContext } from "./target-context.ts";
import { createTargetWarning } from "./warnings.ts";

/** What is known after a request or a lookup. */
export interface Progress {
	readonly state: AcquisitionState;
	readonly action: AcquisitionAction;
	/** Epoch milliseconds. */
	readonly at: number;
	/** `null` where the listed snapshots do not show it, absent where none were listed. */
	readonly expectation?: ExpectedDuration | null | undefined;
	/** Epoch milliseconds of the last warning. */
	readonly warnedAt?: number | undefined;
	/** What {@link LateReports.offerAgain} returned last. */
	readonly reoffered?: number | undefined;
}

/** How LATE is published while nobody knows whether the run has a snapshot. */
export interface LateReports {
	/** Called once, when the deadline has passed. */
	readonly reportLate: () => Promise<unknown>;
	/** Called at each lookup that is waited for, with what it returned last and 0 at first. Must not reject. */
	readonly offerAgain: (last: number) => Promise<number>;
}

/** Kept from check to check. */
interface LookupRound extends Progress {
	/** Seconds until the next check, of those until the action is due. */
	readonly wait: number;
}

/** Whether a snapshot of the run may exist: then the target is LATE past its deadline. */
export const mayExist = ({ inDoubt, ending }: AcquisitionState): boolean => inDoubt || ending !== null;

/**
 * Looks for the run's own snapshot for as long as another lookup is due. A lookup is one durable operation, where a wait
 * and a step would be two.
 *
 * @param decide from the state before a lookup and its result to what is known then
 * @param lateAt epoch milliseconds at which to return, so that LATE can be published; absent once it was
 */
export async function lookUpRepeatedly(
	{ ports, steps, run, target }: TargetContext,
	identity: RunIdentity,
	begin: Progress,
	decide: (before: Progress, lookup: LookupResult) => Progress,
	offerAgain: LateReports["offerAgain"],
	lateAt: number | undefined,
): Promise<Progress> {
	const withWait = (progress: Progress): LookupRound => {
		const { state, at } = progress;
		const left = secondsUntil(progress);
		const isCut = lateAt !== undefined && mayExist(state) && at < lateAt;
		return { ...progress, wait: isCut ? cutSeconds(left, (lateAt - at) / 1000) : left };
	};
	return steps.until<LookupRound>(
		"look-for-ours",
		{ ...begin, wait: 0 },
		async ({ wait, ...last }) => {
			const before: Progress = { ...last, reoffered: await offerAgain(last.reoffered ?? 0) };
			const afterSeconds = secondsUntil(before) - wait;
			if (afterSeconds > 0) return withWait({ ...before, at: ports.now(), action: { do: "look-up", afterSeconds } });
			const lookup = await lookUpSnapshots(ports, target, identity);
			const after = decide(before, lookup);
			return withWait({ ...after, warnedAt: warnOfFailure(ports.warn, { run, target }, lookup, after) });
		},
		({ state, action, at, wait }) => {
			const isLate = lateAt !== undefined && mayExist(state) && at >= lateAt;
			return action.do !== "look-up" || isLate ? "stop" : Math.max(1, wait);
		},
	);
}

/** Seconds until an action is due. */
const secondsUntil = ({ action }: Progress): number => ("afterSeconds" in action ? action.afterSeconds : 0);

/** Logs why there is no snapshot yet, if the request or lookup failed. @returns epoch milliseconds of the last warning */
export function warnOfFailure(
	write: Ports["warn"],
	{ run, target }: Pick<TargetContext, "run" | "target">,
	result: RequestResult | LookupResult,
	progress: Progress,
): number | undefined {
	const { state, at, warnedAt } = progress;
	const failure = "failure" in result ? result.failure : undefined;
	const repeated = failure && (failure.retry === "again" || failure.refused) ? failure : undefined;
	const reason = repeated?.reason ?? (state.inDoubt && state.reason);
	if (!reason) return warnedAt;
	const why = state.inDoubt ? IN_DOUBT : repeated?.answered ? "Atlas rejected a call" : "Atlas does not answer";
	const warn = createTargetWarning(write, run.run, target, `no snapshot yet: ${why}`);
	return warn(reason, at, warnedAt, secondsUntil(progress));
}

const IN_DOUBT = "a request is in doubt, Atlas may have executed it";
