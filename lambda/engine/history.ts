import type { Event } from "@aws-sdk/client-lambda";
import type { Target } from "../domain/outcome.ts";
import type { TargetView } from "./run-status.ts";
import { readResult, readSelected, readTargetStatus } from "./step-results.ts";

/** What the history of one execution tells. */
export interface Told {
	/** Every target of which the history knows, in the order of the selection. */
	readonly targets: readonly TargetView[];
	/** ARNs of the chained executions that still run: their histories tell more. */
	readonly parts: readonly string[];
}

/** The steps of a target that publish an event; each returns where the target stands from then on. */
const PUBLISHED = new Set(["publish-started", "publish-late", "publish-end"]);

/**
 * Reads from a history, oldest event first, where each target stands.
 *
 * @param named the targets that the request names, for the time before the selection is checkpointed
 */
export function tellTargets(events: readonly Event[], named: readonly Target[]): Told {
	const names = new Map<string | undefined, string>();
	const told = new Map(named.map((target) => [keyOf(target), pending(target)]));
	const parts = new Map<string | undefined, string>();
	for (const event of events) {
		if (event.Name !== undefined) names.set(event.Id, event.Name);
		for (const view of viewsOf(event, names.get(event.Id))) told.set(keyOf(view), view);
		const part = event.ChainedInvokeStartedDetails?.DurableExecutionArn;
		if (part !== undefined) parts.set(event.Id, part);
		else parts.delete(event.Id);
	}
	return { targets: [...told.values()], parts: [...parts.values()] };
}

/** What one event tells about targets, if anything. */
function viewsOf(event: Event, step: string | undefined): readonly TargetView[] {
	const payload = event.StepSucceededDetails?.Result?.Payload;
	if (step === "select-targets") return readSelected(payload)?.map(pending) ?? [];
	if (step !== undefined && PUBLISHED.has(step)) return readTargetStatus(payload) ?? [];
	const completed = event.ChainedInvokeSucceededDetails?.Result?.Payload;
	const incomplete = event.ChainedInvokeFailedDetails?.Error?.Payload?.ErrorData;
	return readResult(completed ?? incomplete) ?? [];
}

/** Joins what parts tell to what the whole told: a part knows better. */
export function mergeTargets(whole: readonly TargetView[], parts: readonly TargetView[]): TargetView[] {
	const merged = new Map(whole.map((view) => [keyOf(view), view]));
	for (const view of parts) if (view.state !== "PENDING") merged.set(keyOf(view), view);
	return [...merged.values()];
}

const keyOf = ({ projectId, clusterName }: Target): string => `${projectId}/${clusterName}`;

const pending = ({ projectId, clusterName }: Target): TargetView => ({ projectId, clusterName, state: "PENDING" });
