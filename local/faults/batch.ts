import { createHash } from "node:crypto";
import * as fc from "fast-check";
import type { Task } from "./campaign.ts";
import { plansOf } from "./draw.ts";
import type { Finding } from "./observed.ts";
import type { Plan } from "./plan.ts";
import { runOne } from "./run-one.ts";
import type { Simulation } from "./simulation.ts";

/** A run that broke a promise. */
export interface Failure {
	readonly seed: number;
	readonly findings: readonly Finding[];
	/** As it was drawn, or the smallest one found that still breaks a promise. */
	readonly plan: Plan;
}

/** Runs of one seed. */
export interface Batch {
	readonly runs: number;
	readonly counts: Readonly<Record<string, number>>;
	readonly failures: readonly Failure[];
	/** By seed, a hash of everything that happened in its run. */
	readonly records: Readonly<Record<string, string>>;
}

/** The plan of a seed: always the same. */
function planOf({ scenario }: Task, seed: number): Plan {
	const [plan] = fc.sample(plansOf(scenario), { seed, numRuns: 1 });
	if (!plan) throw new Error("a seed draws a plan");
	return plan;
}

/**
 * Carries out the runs of the seeds `from` to below `to`.
 *
 * @param onRun called after each run with the promises that it broke
 */
export async function runBatch(simulation: Simulation, task: Task, onRun: (failure?: Failure) => void): Promise<Batch> {
	const { from, to, untilFirst, shrinks } = task;
	const counts: Record<string, number> = {};
	const failures: Failure[] = [];
	const records: Record<string, string> = {};
	for (let seed = from; seed < to && !(untilFirst && failures.length > 0); seed++) {
		const plan = planOf(task, seed);
		const { findings, counts: some, record } = await runOne(simulation, plan, String(seed));
		records[seed] = createHash("sha256").update(record.join("\n")).digest("hex").slice(0, 16);
		for (const [name, count] of Object.entries(some)) counts[name] = (counts[name] ?? 0) + count;
		const failure = findings.length > 0 ? { seed, findings, plan } : undefined;
		onRun(failure);
		if (failure) failures.push(shrinks ? await shrink(simulation, task, failure) : failure);
	}
	return { runs: to - from, counts, failures, records };
}

/** Looks for a smaller plan. What fails only now and then keeps the plan that was drawn. */
async function shrink(simulation: Simulation, { scenario }: Task, { seed, ...first }: Failure): Promise<Failure> {
	let { findings, plan } = first;
	let tried = 0;
	const property = fc.asyncProperty(plansOf(scenario), async (candidate) => {
		if (tried++ > MOST_TRIED) return true;
		const report = await runOne(simulation, candidate, `${seed}.${tried}`);
		if (report.findings.length === 0) return true;
		({ findings } = report);
		plan = candidate;
		return false;
	});
	await fc.check(property, { seed, numRuns: 1 });
	return { seed, findings, plan };
}

/** Plans tried while shrinking. */
const MOST_TRIED = 40;
