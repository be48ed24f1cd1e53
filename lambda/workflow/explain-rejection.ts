import type { Explanation } from "../domain/acquisition.ts";
import { ineligibleReason } from "../domain/cluster.ts";
import { errorInfo } from "../domain/error-table.ts";
import {
	afterRefusal,
	classifyFailure,
	isLastingRefusal,
	noRefusals,
	REFUSAL_PAUSE_SECONDS,
} from "../domain/failure.ts";
import type { Reason } from "../domain/outcome.ts";
import { isListOfNames } from "../domain/request.ts";
import type { TargetContext } from "./target-context.ts";

/** `code` is of the closed vocabulary, also where the reason holds Atlas's own. */
interface Rejection {
	readonly reason: Reason;
	readonly code: string;
}

/** `refused`: the cluster could not be read, because of a 401 or 403. */
type ExplanationResult = Explanation & { readonly refused?: boolean | undefined };

/**
 * Explains why Atlas rejected a request: by the cluster's own state where that is the cause, so that a named cluster gets
 * the same reason as a selected one; else by Atlas's error. A cluster that can't have a snapshot is skipped where the
 * request selected it by `all` or tags, and refused where the request names it.
 *
 * @param retryUntil epoch milliseconds until which a refused read of the cluster is repeated
 */
export async function explainRejection(
	context: TargetContext,
	rejection: Rejection,
	retryUntil: number,
): Promise<Explanation> {
	const { steps } = context;
	let refusals = noRefusals;
	for (;;) {
		const result = await steps.step("explain-refusal", () => explainOnce(context, rejection));
		const { at, refused } = result;
		refusals = afterRefusal(refusals, at);
		if (!refused || isLastingRefusal(refusals, at) || at + REFUSAL_PAUSE_SECONDS * 1000 >= retryUntil) return result;
		await steps.sleep("before-explaining", REFUSAL_PAUSE_SECONDS);
	}
}

async function explainOnce(context: TargetContext, rejection: Rejection): Promise<ExplanationResult> {
	const { ports, run } = context;
	const cluster = errorInfo(rejection.code)?.unrelatedToCluster ? {} : await readEligibility(context);
	const ineligible = cluster.ineligible ?? ifIneligible(rejection);
	const known = { at: ports.now(), confirmed: cluster.ineligible !== undefined, refused: cluster.refused };
	if (ineligible === undefined || isListOfNames(run.request.clusters)) {
		return { ...known, state: "REFUSED", reason: (ineligible ?? rejection).reason };
	}
	return { ...known, state: "SKIPPED", reason: { code: ineligible.code, message: ineligible.reason.message } };
}

/** The rejection itself, where its code says that the cluster can't have a snapshot. */
const ifIneligible = (rejection: Rejection): Rejection | undefined =>
	errorInfo(rejection.code)?.ineligible ? rejection : undefined;

interface Eligibility {
	/** Why the cluster can't have a snapshot; absent where it can, or where it can't be read. */
	readonly ineligible?: Rejection | undefined;
	readonly refused?: boolean;
}

async function readEligibility({ ports, target }: TargetContext): Promise<Eligibility> {
	try {
		const reason = ineligibleReason(await ports.readCluster(target));
		return { ineligible: reason && { reason, code: reason.code } };
	} catch (error) {
		const failure = classifyFailure(error);
		return { ineligible: ifIneligible(failure), refused: failure.refused };
	}
}
