import type { Counted } from "./counted.ts";
import { HISTORIES, mean } from "./learned.ts";
import { ASSUMED, PRICES } from "./prices.ts";
import { runChild } from "./process.ts";
import { median, rounded } from "./statistics.ts";

/** Of a 20-minute snapshot that is a run of its own, the dearest way. */
export interface Cost {
	/** US dollars for what is counted in a run: operations, bytes, invocations, events. */
	readonly per1000Snapshots: number;
	/** The same where the earlier snapshots tell the end: the run above, with the polls that are then needed. */
	readonly learned: { readonly per1000Snapshots: number; readonly polls: number };
	/** US dollars for Lambda's time, which is in part assumed. */
	readonly computePer1000Snapshots: number;
	readonly operations: number;
	readonly polls: number;
	readonly bytes: number;
	readonly invocations: number;
	/** Measured here, and what that makes on Lambda. */
	readonly measuredMs: number;
	readonly billedMs: number;
	readonly pricesOf: string;
}

const MINUTES = 20;

/** Histories that are drawn for the polls of a snapshot whose end is expected. */
const DRAWS = 1000;

export async function cost(): Promise<Cost> {
	const { operations, bytes, invocations, polls } = await runChild<Counted>("run-one.ts", [String(MINUTES * 60)]);
	const real = await runChild<Counted>("run-one.ts", ["4", "real"]);
	const measuredMs = median(real.invocationMs);
	const billedMs = measuredMs * (ASSUMED.memoryOfOneCpu / ASSUMED.memory) + ASSUMED.networkMs;
	const gigabyteSeconds = (invocations * billedMs * ASSUMED.memory) / 1000 / 1024;
	const { polls: learnedPolls } = await mean(MINUTES * 60, HISTORIES.spread20, DRAWS);
	/** Each poll is an operation and an invocation; the bytes are counted in full. */
	const priceWith = (fewer: number) =>
		(operations - fewer) * PRICES.durableOperation +
		bytes * (PRICES.durableByteWritten + (PRICES.durableByteMonth * ASSUMED.retentionDays) / 30) +
		(invocations - fewer) * PRICES.lambdaRequest +
		ASSUMED.events * PRICES.eventBridgeEvent;
	return {
		per1000Snapshots: rounded(priceWith(0) * 1000, 3),
		learned: { per1000Snapshots: rounded(priceWith(polls - learnedPolls) * 1000, 3), polls: learnedPolls },
		computePer1000Snapshots: rounded(gigabyteSeconds * PRICES.lambdaGigabyteSecond * 1000, 3),
		operations,
		polls,
		bytes,
		invocations,
		measuredMs: Math.round(measuredMs),
		billedMs: Math.round(billedMs),
		pricesOf: PRICES.date,
	};
}
