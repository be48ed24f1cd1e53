import type { Event } from "@aws-sdk/client-lambda";

/** What one durable execution did, as AWS meters it. */
export interface Counted {
	readonly status: string;
	readonly operations: number;
	/** Looks at the snapshot; each is one operation. */
	readonly polls: number;
	/** Of everything that was checkpointed. */
	readonly bytes: number;
	/** Lambda invocations where every wait ends one; the local runner, with time skipped, needs fewer. */
	readonly invocations: number;
	/** Requests to Atlas. */
	readonly requests: number;
	/** Milliseconds that an invocation took in the local runner; only meaningful with real time. */
	readonly invocationMs: readonly number[];
}

/**
 * Counts by AWS's table: the execution 1, each attempt of a step 1, a wait 1, `waitForCondition` 1 + its checks, a
 * context (map, branch) 1, a chained invocation 1.
 *
 * @see Lambda Developer Guide, "Durable operations checkpoint consumption"
 */
export function countHistory(history: readonly Event[]): Omit<Counted, "status" | "requests"> {
	const of = (type: string) => history.filter(({ EventType }) => EventType === type);
	const attempts = of("StepStarted");
	const checks = attempts.filter(({ SubType }) => SubType === "WaitForCondition");
	const conditions = new Set(checks.map(({ Id }) => Id)).size;
	const waits = of("WaitStarted").length;
	const bytes = history.map(({ EventType, ...event }) => (EventType === "InvocationCompleted" ? 0 : bytesOf(event)));
	return {
		operations:
			1 + attempts.length + conditions + waits + of("ContextStarted").length + of("ChainedInvokeStarted").length,
		// The first check of each looks at nothing, and is metered all the same.
		polls: checks.length - conditions,
		bytes: bytes.reduce((sum, size) => sum + size, 0),
		invocations: 1 + waits + checks.length - conditions,
		invocationMs: of("InvocationCompleted").map(
			({ InvocationCompletedDetails: details }) => Number(details?.EndTimestamp) - Number(details?.StartTimestamp),
		),
	};
}

/** The payloads of an event. */
function bytesOf(value: unknown): number {
	if (typeof value !== "object" || value === null) return 0;
	return Object.entries(value).reduce(
		(sum, [key, member]) =>
			sum + (key === "Payload" && typeof member === "string" ? Buffer.byteLength(member) : bytesOf(member)),
		0,
	);
}
