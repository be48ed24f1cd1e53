import type { Run } from "../domain/run.ts";

/**
 * The payload of the durable execution: the run as JSON with its keys in alphabetical order at every depth, so that two
 * requests that differ only in the order of their keys yield the same bytes, by which AWS tells a twin from a clash.
 */
export const toPayload = (run: Run): Uint8Array => Buffer.from(JSON.stringify(run, sorted));

function sorted(_key: string, value: unknown): unknown {
	if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
	return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
