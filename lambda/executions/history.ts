import type { Event, EventType } from "@aws-sdk/client-lambda";
import * as v from "valibot";
import { parseJson } from "../domain/json.ts";
import { PUBLISH_STEPS, type RunResult, type Target, type TargetStatus, targetKey } from "../domain/outcome.ts";
import { DECIDE_STEP, type DecidedEnd } from "../domain/state-change.ts";
import type { TargetProgress } from "./status.ts";

/** The targets of one execution, read from its history. */
export interface HistorySummary {
	/** In the order of the selection. */
	readonly targets: readonly TargetProgress[];
	/** Final states that were decided. Those that were also published are in {@link targets}. */
	readonly decided: readonly DecidedEnd[];
	/** ARNs of the chained executions without a known result: their histories hold the targets. */
	readonly parts: readonly string[];
	/** Those of {@link parts} that AWS ended before they returned. */
	readonly interrupted: readonly string[];
}

const PUBLISHED: ReadonlySet<string | undefined> = new Set(PUBLISH_STEPS);

const INTERRUPTED: ReadonlySet<EventType | undefined> = new Set([
	"ChainedInvokeFailed",
	"ChainedInvokeTimedOut",
	"ChainedInvokeStopped",
] as const);

/**
 * Reads the last state of each target from a history, oldest event first.
 *
 * @param named the targets that the request names, used until the selection is in the history
 */
export function summarizeHistory(events: readonly Event[], named: readonly Target[]): HistorySummary {
	const names = new Map<string | undefined, string>();
	const targets = new Map(named.map((target) => [targetKey(target), pending(target)]));
	const parts = new Map<string | undefined, string>();
	const interrupted = new Set<string | undefined>();
	const decided: DecidedEnd[] = [];
	for (const event of events) {
		if (event.Name !== undefined) names.set(event.Id, event.Name);
		const step = names.get(event.Id);
		for (const target of targetsIn(event, step)) targets.set(targetKey(target), target);
		const end = step === DECIDE_STEP && read<DecidedEnd>(DecidedSchema, event.StepSucceededDetails?.Result?.Payload);
		if (end) decided.push(end);
		const part = event.ChainedInvokeStartedDetails?.DurableExecutionArn;
		if (part !== undefined) parts.set(event.Id, part);
		else if (partResultIn(event)) parts.delete(event.Id);
		else if (INTERRUPTED.has(event.EventType)) interrupted.add(event.Id);
	}
	return {
		targets: [...targets.values()],
		decided,
		parts: [...parts.values()],
		interrupted: [...parts].flatMap(([id, arn]) => (interrupted.has(id) ? [arn] : [])),
	};
}

function targetsIn(event: Event, step: string | undefined): readonly TargetProgress[] {
	const payload = event.StepSucceededDetails?.Result?.Payload;
	if (step === "select-targets") return read<Selection>(SelectedSchema, payload)?.targets.map(pending) ?? [];
	if (!PUBLISHED.has(step)) return partResultIn(event)?.targets ?? [];
	const status = readTargetStatus(payload);
	return status ? [status] : (readPartResult(payload)?.targets ?? []);
}

/** The result of a chained execution, also of one that threw it. */
const partResultIn = (event: Event): PartResult | undefined =>
	readPartResult(
		event.ChainedInvokeSucceededDetails?.Result?.Payload ?? event.ChainedInvokeFailedDetails?.Error?.Payload?.ErrorData,
	);

/** Replaces targets by those of a part that are not pending. */
export function mergeTargets(whole: readonly TargetProgress[], part: readonly TargetProgress[]): TargetProgress[] {
	const merged = new Map(whole.map((target) => [targetKey(target), target]));
	for (const target of part) if (target.state !== "PENDING") merged.set(targetKey(target), target);
	return [...merged.values()];
}

const pending = ({ projectId, clusterName }: Target): TargetProgress => ({ projectId, clusterName, state: "PENDING" });

/** Only the fields that tell payloads apart are checked: this service wrote the others. */
const TargetSchema = v.object({ projectId: v.string(), clusterName: v.string() });
const StatusSchema = v.looseObject({ ...TargetSchema.entries, state: v.string() });
const SelectedSchema = v.object({ targets: v.array(TargetSchema) });
const DecidedSchema = v.object({
	...TargetSchema.entries,
	decided: v.looseObject({ state: v.string(), requestedAt: v.number() }),
});
const ResultSchema = v.object({ targets: v.array(StatusSchema), omitted: v.optional(v.number()) });

function readTargetStatus(payload: string | undefined): TargetStatus | undefined {
	const status = read<TargetStatus & Record<string, unknown>>(StatusSchema, payload);
	if (status === undefined) return undefined;
	// The checkpoint holds more than the status.
	const { unpublished: _u, expectation: _e, notBefore: _n, ...known } = status;
	return known;
}

type Selection = v.InferOutput<typeof SelectedSchema>;

/** The result of a run or a part of it. */
export type PartResult = Pick<RunResult, "targets" | "omitted">;

/** @returns the result of a run, also the one that `RUN_INCOMPLETE` carries */
export const readPartResult = (payload: string | undefined): PartResult | undefined =>
	read<PartResult>(ResultSchema, payload);

/** @returns `undefined` if AWS truncated the payload, or another version wrote it */
function read<T>(schema: v.GenericSchema<unknown, unknown>, payload: string | undefined): T | undefined {
	const value = payload === undefined ? undefined : parseJson(payload);
	return v.is(schema, value) ? (value as T) : undefined;
}
