/**
 * Bytes of JSON that a step, a state, a result or an error's data may hold. A checkpoint holds 256 KB; the rest is for
 * what the engine writes around it.
 *
 * @see Lambda Developer Guide, "Lambda quotas" (durable operations)
 */
export const CHECKPOINT_BYTES = 200 * 1024;

/** @returns bytes of a value as JSON in UTF-8 */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? "");

/** The first members that fit together into a checkpoint, beside so many bytes: one at least. */
export function takeFitting<T>(members: readonly T[], beside = 0): T[] {
	const fitting: T[] = [];
	let bytes = beside;
	for (const member of members) {
		bytes += jsonBytes(member) + 1;
		if (bytes > CHECKPOINT_BYTES && fitting.length > 0) break;
		fitting.push(member);
	}
	return fitting;
}
