import type { Event, EventType } from "@aws-sdk/client-lambda";
import * as v from "valibot";
import { PUBLISH_STEPS, type RunResult, type Target, type TargetStatus } from "../domain/outcome.ts";
import { DECIDE_STEP, type DecidedEnd } from "../domain/state-change.ts";
import type { TargetProgress } from "./status.ts";

/** What the history of one execution tells. */
export interface HistorySummary {
	/** Every target of which the history knows, in the order of the selection. */
	readonly targets: readonly TargetProgress[];
	/** Ends that were about to be published; whether they were, {@link targets} may tell. */
	readonly decided: readonly DecidedEnd[];
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
export function summarizeHistory(events: readonly Event[], named: readonly Target[]): HistorySummary {
	const names = new Map<string | undefined, string>();
	const told = new Map(named.map((target) => [keyOf(target), pending(target)]));
	const parts = new Map<string | undefined, string>();
	const broken = new Set<string | undefined>();
	const decided: DecidedEnd[] = [];
	for (const event of events) {
		if (event.Name !== undefined) names.set(event.Id, event.Name);
		for (const view of viewsOf(event, names.get(event.Id))) told.set(keyOf(view), view);
		const end = names.get(event.Id) === DECIDE_STEP && readDecidedEnd(event.StepSucceededDetails?.Result?.Payload);
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
function viewsOf(event: Event, step: string | undefined): readonly TargetProgress[] {
	const payload = event.StepSucceededDetails?.Result?.Payload;
	if (step === "select-targets") return readSelectedTargets(payload)?.map(pending) ?? [];
	if (step !== undefined && PUBLISHED.has(step))
		return readTargetStatus(payload) ?? readPartResult(payload)?.targets ?? [];
	return partResultIn(event)?.targets ?? [];
}

/** The result of a chained execution, also the one that it threw. */
function partResultIn(event: Event): PartResult | undefined {
	const completed = event.ChainedInvokeSucceededDetails?.Result?.Payload;
	const incomplete = event.ChainedInvokeFailedDetails?.Error?.Payload?.ErrorData;
	return readPartResult(completed ?? incomplete);
}

/** Joins what parts tell to what the whole told: a part knows better. */
export function mergeTargets(whole: readonly TargetProgress[], parts: readonly TargetProgress[]): TargetProgress[] {
	const merged = new Map(whole.map((view) => [keyOf(view), view]));
	for (const view of parts) if (view.state !== "PENDING") merged.set(keyOf(view), view);
	return [...merged.values()];
}

const keyOf = ({ projectId, clusterName }: Target): string => `${projectId}/${clusterName}`;

const pending = ({ projectId, clusterName }: Target): TargetProgress => ({ projectId, clusterName, state: "PENDING" });

/** Only what tells a target apart and where it stands is asked for; the rest is ours from {@link TargetStatus}. */
const TargetSchema = v.object({ projectId: v.string(), clusterName: v.string() });
const StatusSchema = v.looseObject({ ...TargetSchema.entries, state: v.string() });
const SelectedSchema = v.object({ targets: v.array(TargetSchema) });
const DecidedSchema = v.object({
	...TargetSchema.entries,
	decided: v.looseObject({ state: v.string(), requestedAt: v.number() }),
});
const ResultSchema = v.object({ targets: v.array(StatusSchema), omitted: v.optional(v.number()) });

/** @returns what a step that publishes returned, as a list of one, if it is that */
export function readTargetStatus(payload: string | undefined): readonly TargetStatus[] | undefined {
	const status = read<TargetStatus>(StatusSchema, payload);
	if (status === undefined) return undefined;
	// Whether the bus has taken the event, and what the pace is made of, is no part of where the target stands.
	const {
		unpublished: _u,
		expectation: _e,
		notBefore: _n,
		...known
	} = status as TargetStatus & Record<string, unknown>;
	return [known];
}

/** @returns the end that a target of a part was about to publish, if it is that */
export const readDecidedEnd = (payload: string | undefined): DecidedEnd | undefined =>
	read<DecidedEnd>(DecidedSchema, payload);

/** @returns the targets that the first step selected, if it is that */
export const readSelectedTargets = (payload: string | undefined): readonly Target[] | undefined =>
	read<{ readonly targets: readonly Target[] }>(SelectedSchema, payload)?.targets;

/** The result of a run or a part of it. */
export type PartResult = Pick<RunResult, "targets" | "omitted">;

/** @returns the result of a run, or what it threw along with `RUN_INCOMPLETE`, if it is that */
export const readPartResult = (payload: string | undefined): PartResult | undefined =>
	read<PartResult>(ResultSchema, payload);

/** `T` is what this service wrote itself; the schema guards against what a truncated or older history holds. */
function read<T>(schema: v.GenericSchema<unknown, unknown>, payload: string | undefined): T | undefined {
	const value = parseJsonPayload(payload);
	return v.is(schema, value) ? (value as T) : undefined;
}

/** @returns `undefined` where the text is no JSON (AWS cuts long payloads) */
export function parseJsonPayload(text: string | undefined): unknown {
	if (text === undefined) return undefined;
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
