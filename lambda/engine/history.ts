import type { Event, EventType } from "@aws-sdk/client-lambda";
import type { Target } from "../domain/outcome.ts";
import { PUBLISH_STEPS } from "../domain/publish-step.ts";
import { DECIDE_STEP, type Decided } from "../domain/state-change.ts";
import type { TargetView } from "./run-status.ts";
import { type PartResult, readDecided, readResult, readSelected, readTargetStatus } from "./step-results.ts";

/** What the history of one execution tells. */
export interface Told {
	/** Every target of which the history knows, in the order of the selection. */
	readonly targets: readonly TargetView[];
	/** Ends that were about to be published; whether they were, {@link targets} may tell. */
	readonly decided: readonly Decided[];
	/** ARNs of the chained executions of which no result is known: their histories tell more. */
	readonly parts: readonly string[];
	/** Of these, those that AWS ended in the middle. */
	readonly broken: readonly string[];
}

const PUBLISHED: ReadonlySet<string> = new Set(PUBLISH_STEPS);

/**
 * Reads from a history, oldest event first, where each target stands.
 *
 * @param named the targets that the request names, for the time before the selection is checkpointed
 */
export function tellTargets(events: readonly Event[], named: readonly Target[]): Told {
	const names = new Map<string | undefined, string>();
	const told = new Map(named.map((target) => [keyOf(target), pending(target)]));
	const parts = new Map<string | undefined, string>();
	const broken = new Set<string | undefined>();
	const decided: Decided[] = [];
	for (const event of events) {
		if (event.Name !== undefined) names.set(event.Id, event.Name);
		for (const view of viewsOf(event, names.get(event.Id))) told.set(keyOf(view), view);
		const end = names.get(event.Id) === DECIDE_STEP && readDecided(event.StepSucceededDetails?.Result?.Payload);
		if (end) decided.push(end);
		const part = event.ChainedInvokeStartedDetails?.DurableExecutionArn;
		if (part !== undefined) parts.set(event.Id, part);
		else if (partResultIn(event)) parts.delete(event.Id);
		else if (event.EventType !== undefined && BROKEN_OFF.has(event.EventType)) broken.add(event.Id);
	}
	const arns = [...parts];
	return {
		targets: [...told.values()],
		decided,
		parts: arns.map(([, arn]) => arn),
		broken: arns.flatMap(([id, arn]) => (broken.has(id) ? [arn] : [])),
	};
}

const BROKEN_OFF: ReadonlySet<EventType> = new Set([
	"ChainedInvokeFailed",
	"ChainedInvokeTimedOut",
	"ChainedInvokeStopped",
]);

/** What one event tells about targets, if anything. */
function viewsOf(event: Event, step: string | undefined): readonly TargetView[] {
	const payload = event.StepSucceededDetails?.Result?.Payload;
	if (step === "select-targets") return readSelected(payload)?.map(pending) ?? [];
	if (step !== undefined && PUBLISHED.has(step)) return readTargetStatus(payload) ?? readResult(payload)?.targets ?? [];
	return partResultIn(event)?.targets ?? [];
}

/** The result of a chained execution, also the one that it threw. */
function partResultIn(event: Event): PartResult | undefined {
	const completed = event.ChainedInvokeSucceededDetails?.Result?.Payload;
	const incomplete = event.ChainedInvokeFailedDetails?.Error?.Payload?.ErrorData;
	return readResult(completed ?? incomplete);
}

/** Joins what parts tell to what the whole told: a part knows better. */
export function mergeTargets(whole: readonly TargetView[], parts: readonly TargetView[]): TargetView[] {
	const merged = new Map(whole.map((view) => [keyOf(view), view]));
	for (const view of parts) if (view.state !== "PENDING") merged.set(keyOf(view), view);
	return [...merged.values()];
}

const keyOf = ({ projectId, clusterName }: Target): string => `${projectId}/${clusterName}`;

const pending = ({ projectId, clusterName }: Target): TargetView => ({ projectId, clusterName, state: "PENDING" });
