import { DurableExecutionInvocationInputWithClient } from "@aws/durable-execution-sdk-js";
import type { CheckpointDurableExecutionRequest } from "@aws-sdk/client-lambda";

/** What the engine calls the durable function with. */
export type Input = DurableExecutionInvocationInputWithClient;
export type Client = Input["durableExecutionClient"];

/** Whether what an invocation returned ends its execution. */
export const hasEnded = (end: unknown): boolean =>
	typeof end === "object" && end !== null && "Status" in end && end.Status !== "PENDING";

/** Waits that are over and steps that are due again, with the time for which they were due. */
export const doneOf = (operations: Input["InitialExecutionState"]["Operations"]): string[] =>
	operations
		.filter(({ Type, Status }) => Status === "READY" || (Type === "WAIT" && Status === "SUCCEEDED"))
		.map(({ Id, StepDetails }) => `${Id} ${StepDetails?.Attempt ?? 0}`);

/** The same invocation again, with the state that the engine has now. */
export async function renewed(event: Input): Promise<Input> {
	const { durableExecutionClient: client, DurableExecutionArn, CheckpointToken } = event;
	const { Operations = [] } = await client.getExecutionState({ DurableExecutionArn, CheckpointToken, MaxItems: 1000 });
	return withClient(event, client, Operations);
}

/** The event of an invocation, with another client or another state. */
export const withClient = (
	event: Input,
	client: Client,
	Operations: Input["InitialExecutionState"]["Operations"] = event.InitialExecutionState.Operations,
): Input =>
	new DurableExecutionInvocationInputWithClient(
		{
			DurableExecutionArn: event.DurableExecutionArn,
			CheckpointToken: event.CheckpointToken,
			InitialExecutionState: { Operations, NextMarker: "" },
		},
		client,
	);

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
