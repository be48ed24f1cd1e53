import * as v from "valibot";
import type { RunResult, Target, TargetStatus } from "../domain/outcome.ts";

/** Only what tells a target apart and where it stands is asked for; the rest is ours from {@link TargetStatus}. */
const TargetSchema = v.object({ projectId: v.string(), clusterName: v.string() });
const StatusSchema = v.looseObject({ ...TargetSchema.entries, state: v.string() });
const SelectedSchema = v.object({ targets: v.array(TargetSchema) });
const ResultSchema = v.object({ targets: v.array(StatusSchema) });

/** @returns what a step that publishes returned, as a list of one, if it is that */
export function readTargetStatus(payload: string | undefined): readonly TargetStatus[] | undefined {
	const status = read<TargetStatus>(StatusSchema, payload);
	return status && [status];
}

/** @returns the targets that the first step selected, if it is that */
export const readSelected = (payload: string | undefined): readonly Target[] | undefined =>
	read<{ readonly targets: readonly Target[] }>(SelectedSchema, payload)?.targets;

/** @returns the result of a run, or what it threw along with `RUN_INCOMPLETE`, if it is that */
export const readResult = (payload: string | undefined): RunResult["targets"] | undefined =>
	read<Pick<RunResult, "targets">>(ResultSchema, payload)?.targets;

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
