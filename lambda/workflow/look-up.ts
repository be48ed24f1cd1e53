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
}

/** Kept from check to check. */
interface LookupRound extends Progress {
	/** Seconds until the next lookup. */
	readonly left: number;
	/** Seconds of these until the next check. */
	readonly wait: number;
}

/** Whether a snapshot of the run may exist: then the target is LATE past its deadline. */
export const mayExist = ({ inDoubt, ending }: AcquisitionState): boolean => inDoubt || ending !== null;

/**
 * Looks for the run's own snapshot for as long as another lookup is due. A lookup is one durable operation, where a wait
 * and a step would be two.
 *
 * @param decide from the state before a lookup and its result to what is known then
 * @param lateAt epoch milliseconds at which to return, so that LATE can be published; absent once it is
 */
export async function lookUpRepeatedly(
	{ ports, steps, run, target }: TargetContext,
	identity: RunIdentity,
	begin: Progress & { readonly action: { readonly afterSeconds: number } },
	decide: (before: Progress, lookup: LookupResult) => Progress,
	lateAt: number | undefined,
): Promise<Progress> {
	const waitOf = ({ state, at }: Progress, left: number): number =>
		lateAt !== undefined && mayExist(state) && at < lateAt ? cutSeconds(left, (lateAt - at) / 1000) : left;
	return steps.until<LookupRound>(
		"look-for-ours",
		{ ...begin, left: begin.action.afterSeconds, wait: 0 },
		async (before) => {
			const left = before.left - before.wait;
			if (left > 0) {
				const waiting = { ...before, at: ports.now(), action: { do: "look-up", afterSeconds: left } } as const;
				return { ...waiting, left, wait: waitOf(waiting, left) };
			}
			const lookup = await lookUpSnapshots(ports, target, identity);
			const after = decide(before, lookup);
			const warnedAt = warnOfFailure(ports.warn, { run, target }, lookup, after);
			const pause = after.action.do === "look-up" ? after.action.afterSeconds : 0;
			return { ...after, warnedAt, left: pause, wait: waitOf(after, pause) };
		},
		({ state, action, at, wait }) => {
			const isLate = lateAt !== undefined && mayExist(state) && at >= lateAt;
			return action.do !== "look-up" || isLate ? "stop" : Math.max(1, wait);
		},
	);
}

/** Logs why there is no snapshot yet, if the request or lookup failed. @returns epoch milliseconds of the last warning */
export function warnOfFailure(
	write: Ports["warn"],
	{ run, target }: Pick<TargetContext, "run" | "target">,
	result: RequestResult | LookupResult,
	{ state, action, at, warnedAt }: Progress,
): number | undefined {
	const failure = "failure" in result ? result.failure : undefined;
	const repeated = failure && (failure.retry === "again" || failure.refused) ? failure : undefined;
	const reason = repeated?.reason ?? (state.inDoubt && state.reason);
	if (!reason) return warnedAt;
	const why = state.inDoubt ? IN_DOUBT : repeated?.answered ? "Atlas rejected a call" : "Atlas does not answer";
	const warn = createTargetWarning(write, run.run, target, `no snapshot yet: ${why}`);
	return warn(reason, at, warnedAt, "afterSeconds" in action ? action.afterSeconds : 0);
}

const IN_DOUBT = "a request is in doubt, Atlas may have executed it";
