/** What AWS asks, in US dollars: us-east-1, arm64, as published in 2026-11. */
export const PRICES = {
	date: "2026-11",
	region: "us-east-1",
	/** One durable operation. */
	durableOperation: 8 / 1e6,
	/** One byte written by a durable execution. */
	durableByteWritten: 0.25 / 1e9,
	/** One byte kept for a month. */
	durableByteMonth: 0.15 / 1e9,
	/** One invocation of a function. */
	lambdaRequest: 0.2 / 1e6,
	/** One gigabyte of memory for a second, arm64. */
	lambdaGigabyteSecond: 0.0000133334,
	/** One custom event on a bus. */
	eventBridgeEvent: 1 / 1e6,
} as const;

/** How the function is deployed, and what a measurement on this machine does not see. */
export const ASSUMED = {
	/** Megabytes of the durable function. */
	memory: 512,
	/** Megabytes that buy one whole processor. */
	memoryOfOneCpu: 1769,
	/** Milliseconds of an invocation that pass between AWS and Atlas; on loopback they are none. */
	networkMs: 150,
	/** Days that AWS keeps a run's history. */
	retentionDays: 14,
	/** Events a snapshot: STARTED and its end. */
	events: 2,
} as const;
