import { eligibility } from "../domain/eligibility.ts";
import type { FinalState, Reason, Target } from "../domain/outcome.ts";
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
/** Codes that already say that the cluster can't have an on-demand snapshot. */
const NOT_ELIGIBLE: ReadonlySet<string> = new Set(["ATLAS_BACKUP_OFF", "ATLAS_CLUSTER_PAUSED", "ATLAS_NOT_DEDICATED"]);

/**
 * Says why Atlas would not: in the words of the cluster's own state, where that is the cause, so that a named cluster
 * gets the same answer as a selected one; else in Atlas's.
 *
 * @returns the state, and epoch milliseconds of the look
 */
export async function explain(
	ports: Ports,
	target: Target,
	{ reason, code }: { readonly reason: Reason; readonly code: string },
): Promise<{ readonly state: FinalState; readonly reason: Reason; readonly at: number }> {
	const refused = { state: NOT_ELIGIBLE.has(code) ? "SKIPPED" : "REFUSED", reason } as const;
	if (NO_LOOK_HELPS.has(code)) return { ...refused, at: ports.now() };
	const ineligible = await ports
		.readCluster(target)
		.then(eligibility)
		.catch((error: unknown) => {
			const { code: about, reason: why } = judge(error);
			return NOT_ELIGIBLE.has(about) ? why : undefined;
		});
	return { ...(ineligible ? { state: "SKIPPED", reason: ineligible } : refused), at: ports.now() };
}
