import * as v from "valibot";
import type { RunResult, Target, TargetStatus } from "../domain/outcome.ts";
import type { Decided } from "../domain/state-change.ts";

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
export const readDecided = (payload: string | undefined): Decided | undefined => read<Decided>(DecidedSchema, payload);

/** @returns the targets that the first step selected, if it is that */
export const readSelected = (payload: string | undefined): readonly Target[] | undefined =>
	read<{ readonly targets: readonly Target[] }>(SelectedSchema, payload)?.targets;

/** The result of a run or a part of it. */
export type PartResult = Pick<RunResult, "targets" | "omitted">;

/** @returns the result of a run, or what it threw along with `RUN_INCOMPLETE`, if it is that */
export const readResult = (payload: string | undefined): PartResult | undefined =>
	read<PartResult>(ResultSchema, payload);

/** `T` is what this service wrote itself; the schema guards against what a truncated or older history holds. */
function read<T>(schema: v.GenericSchema<unknown, unknown>, payload: string | undefined): T | undefined {
	const value = parse(payload);
	return v.is(schema, value) ? (value as T) : undefined;
}

/** @returns `undefined` where the text is no JSON (AWS cuts long payloads) */
export function parse(text: string | undefined): unknown {
	if (text === undefined) return undefined;
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
