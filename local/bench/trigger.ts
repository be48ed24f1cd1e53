import { join } from "node:path";
import { runChild } from "./process.ts";
import { rounded } from "./statistics.ts";

export interface TriggerCall {
	/** Milliseconds of CPU of a warm `POST /snapshots`, beyond those of the SDK's own call. */
	readonly cpuMs: number;
	/** Slowest hundredth ÷ median, of fifty callers on loopback. */
	readonly p99OverMedian: number;
}

/** @param deployed folder of the trigger function's bundle */
export async function triggerCall(deployed: string, calls: number): Promise<TriggerCall> {
	const { cpuMs, p99OverMedian } = await runChild<TriggerCall>("call-trigger.ts", [
		join(deployed, "index.mjs"),
		String(calls),
	]);
	return { cpuMs: rounded(cpuMs), p99OverMedian: rounded(p99OverMedian) };
}
