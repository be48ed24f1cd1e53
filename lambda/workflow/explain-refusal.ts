import type { Explained } from "../domain/acquisition.ts";
import { ineligibleReason } from "../domain/cluster.ts";
import { errorInfo } from "../domain/error-table.ts";
import {
	afterRefusal,
	classifyFailure,
	isLastingRefusal,
	noRefusals,
	REFUSAL_PAUSE_SECONDS,
} from "../domain/failure.ts";
import type { Reason, Target } from "../domain/outcome.ts";
import { isListOfNames, type SnapshotRequest } from "../domain/request.ts";
import type { CountedSteps } from "./operations.ts";
import type { Ports } from "./ports.ts";

/** `refused`: the cluster could not be read, for a 401 or 403. */
type Answer = Explained & { readonly refused?: boolean | undefined };

/**
 * Says why Atlas would not: in the words of the cluster's own state, where that is the cause, so that a named cluster
 * gets the same reason as a selected one; else in Atlas's. A cluster that can't have a snapshot is skipped where the
 * request found it by `all` or tags, and refused where the request names it.
 *
 * @param patientUntil epoch milliseconds until which a refused look is made again, unless it is believed before
 */
export async function explainRefusal(
	ports: Ports,
	steps: CountedSteps,
	request: SnapshotRequest,
	target: Target,
	refusal: Refusal,
	patientUntil: number,
): Promise<Explained> {
	let refusals = noRefusals;
	for (;;) {
		const explained = await steps.step("explain-refusal", () => explainOnce(ports, request, target, refusal));
		const { at, refused } = explained;
		refusals = afterRefusal(refusals, at);
		if (!refused || isLastingRefusal(refusals, at) || at + REFUSAL_PAUSE_SECONDS * 1000 >= patientUntil)
			return explained;
		await steps.sleep("before-explaining", REFUSAL_PAUSE_SECONDS);
	}
}

async function explainOnce(
	ports: Ports,
	{ clusters }: SnapshotRequest,
	target: Target,
	refusal: Refusal,
): Promise<Answer> {
	const looked = errorInfo(refusal.code)?.unrelatedToCluster ? {} : await lookAt(ports, target);
	const { refused } = looked;
	const ineligible = looked.ineligible ?? ownWords(refusal);
	const known = { at: ports.now(), confirmed: looked.ineligible !== undefined, refused };
	if (ineligible === undefined || isListOfNames(clusters)) {
		return { ...known, state: "REFUSED", reason: (ineligible ?? refusal).reason };
	}
	return { ...known, state: "SKIPPED", reason: { code: ineligible.code, message: ineligible.reason.message } };
}

/** `code` is of the closed vocabulary, also where the reason holds Atlas's own. */
interface Refusal {
	readonly reason: Reason;
	readonly code: string;
}

const ownWords = (refusal: Refusal): Refusal | undefined => (errorInfo(refusal.code)?.ineligible ? refusal : undefined);

/** What a look at the cluster tells. */
interface LookedAt {
	/** Why it can't have a snapshot, by its own state; absent where it can, or where it can't be read. */
	readonly ineligible?: Refusal | undefined;
	readonly refused?: boolean;
}

async function lookAt(ports: Ports, target: Target): Promise<LookedAt> {
	try {
		const reason = ineligibleReason(await ports.readCluster(target));
		return { ineligible: reason && { reason, code: reason.code } };
	} catch (error) {
		const verdict = classifyFailure(error);
		return { ineligible: ownWords(verdict), refused: verdict.refused };
	}
}
