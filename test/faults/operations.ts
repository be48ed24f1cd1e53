import type { CheckpointDurableExecutionRequest } from "@aws-sdk/client-lambda";

/**
 * Counts the durable operations of executions as AWS does: each operation is one, and each retry of a step, or poll of a
 * condition, is one more; the execution itself is one.
 *
 * @see Lambda Developer Guide, "Durable operations checkpoint consumption"
 */
export function countOperations() {
	const counts = new Map<string, number>();
	const known = new Set<string>();
	return {
		counts: counts as ReadonlyMap<string, number>,
		add({ DurableExecutionArn: arn = "", Updates = [] }: Partial<CheckpointDurableExecutionRequest>): void {
			let count = counts.get(arn) ?? 1;
			for (const { Id, Action } of Updates) {
				const key = `${arn} ${Id}`;
				if (Action === "RETRY" || !known.has(key)) count++;
				known.add(key);
			}
			counts.set(arn, count);
		},
	};
}
