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

/**
 * What stands costs by the month, in US dollars: us-east-1, without free tiers, as published in 2026-11 on
 * aws.amazon.com: cloudwatch/pricing (alarms, metrics, dashboards, logs), secrets-manager/pricing, vpc/pricing (NAT
 * gateways, public IPv4 addresses), eventbridge/pricing (Scheduler).
 */
export const FIXED_PRICES = {
	/** Each metric of an alarm, at standard resolution. */
	alarmMetric: 0.1,
	/** Each combination of dimensions that is published all the time. */
	customMetric: 0.3,
	dashboard: 3,
	secret: 0.4,
	/** One gateway, one address. */
	natGatewayHour: 0.045,
	publicAddressHour: 0.005,
	/** One byte of a log, taken in; and kept for a month. */
	logByte: 0.5 / 1e9,
	logByteMonth: 0.03 / 1e9,
	/** One firing of a schedule; one read of a secret. */
	schedulerInvocation: 1 / 1e6,
	secretRead: 0.05 / 1e4,
} as const;
