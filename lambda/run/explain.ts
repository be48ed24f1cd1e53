import { eligibility, INELIGIBLE } from "../domain/eligibility.ts";
import type { FinalState, Reason, Target } from "../domain/outcome.ts";
import { isNames, type SnapshotRequest } from "../domain/request.ts";
import { judge } from "../domain/verdict.ts";
import type { Ports } from "./ports.ts";

/** Codes that say whose keys they are, or that there is no such cluster: a look at the cluster would tell no more. */
const NO_LOOK_HELPS: ReadonlySet<string> = new Set([
	"ATLAS_KEY_REFUSED",
	"ATLAS_ROLE_MISSING",
	"ATLAS_PROJECT_FOREIGN",
	"ATLAS_PROJECT_NOT_FOUND",
	"ATLAS_CLUSTER_NOT_FOUND",
	"ATLAS_ADDRESS_REFUSED",
	"ATLAS_VERSION_GONE",
	"SECRET_UNREADABLE",
	"SECRET_INVALID",
]);
/**
 * Says why Atlas would not: in the words of the cluster's own state, where that is the cause, so that a named cluster
 * gets the same reason as a selected one; else in Atlas's. A cluster that can't have a snapshot is skipped where the
 * request found it by `all` or tags, and refused where the request names it.
 *
 * @returns the state, and epoch milliseconds of the look
 */
export async function explain(
	ports: Ports,
	{ clusters }: SnapshotRequest,
	target: Target,
	refusal: Refusal,
): Promise<{ readonly state: FinalState; readonly reason: Reason; readonly at: number }> {
	const ineligible = NO_LOOK_HELPS.has(refusal.code) ? undefined : ((await lookAt(ports, target)) ?? ownWords(refusal));
	const at = ports.now();
	if (ineligible === undefined || isNames(clusters)) {
		return { state: "REFUSED", reason: (ineligible ?? refusal).reason, at };
	}
	return { state: "SKIPPED", reason: { code: ineligible.code, message: ineligible.reason.message }, at };
}

/** `code` is of the closed vocabulary, also where the reason holds Atlas's own. */
interface Refusal {
	readonly reason: Reason;
	readonly code: string;
}

const ownWords = (refusal: Refusal): Refusal | undefined => (INELIGIBLE.has(refusal.code) ? refusal : undefined);

/** Why the cluster can't have a snapshot, by its own state; `undefined` where it can, or where it can't be read. */
async function lookAt(ports: Ports, target: Target): Promise<Refusal | undefined> {
	try {
		const reason = eligibility(await ports.readCluster(target));
		return reason && { reason, code: reason.code };
	} catch (error) {
		return ownWords(judge(error));
	}
}
