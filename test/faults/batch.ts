import * as fc from "fast-check";
import type { Task } from "./campaign.ts";
import { plans } from "./draw.ts";
import type { Finding } from "./observed.ts";
import type { Plan } from "./plan.ts";
import { type Report, runOne } from "./run-one.ts";
import type { Stage } from "./stage.ts";

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
}

/** The plan of a seed: always the same. */
const planOf = (seed: number): readonly Plan[] => fc.sample(plans, { seed, numRuns: 1 });

/**
 * Carries out the runs of the seeds `from` to below `to`.
 *
 * @param onRun told after each run, at once, with what it broke
 */
export async function runBatch(
	stage: Stage,
	{ from, to, untilFirst, shrinks }: Task,
	onRun: (failure?: Failure) => void,
): Promise<Batch> {
	const counts: Record<string, number> = {};
	const failures: Failure[] = [];
	const unjudged: { readonly seed: number; readonly judge: () => Promise<Report> }[] = [];
	const settle = async (atMost: number): Promise<void> => {
		for (const { seed, judge } of unjudged.splice(0, Math.max(0, unjudged.length - atMost))) {
			const { findings, counts: some } = await judge();
			for (const [name, count] of Object.entries(some)) counts[name] = (counts[name] ?? 0) + count;
			const failure = findings.length > 0 ? drawn(seed, findings) : undefined;
			onRun(failure);
			if (failure) failures.push(shrinks ? await shrink(stage, failure) : failure);
		}
	};
	for (let seed = from; seed < to && !(untilFirst && failures.length > 0); seed++) {
		for (const plan of planOf(seed)) {
			const { judge } = await runOne(stage, plan);
			unjudged.push({ seed, judge });
			await settle(MOST_UNJUDGED);
		}
	}
	await settle(0);
	return { runs: to - from, counts, failures };
}

function drawn(seed: number, findings: readonly Finding[]): Failure {
	const [plan] = planOf(seed);
	if (!plan) throw new Error("a seed draws a plan");
	return { seed, findings, plan };
}

/** Looks for a smaller plan. What fails only now and then keeps the plan that was drawn. */
async function shrink(stage: Stage, { seed, ...first }: Failure): Promise<Failure> {
	let { findings, plan } = first;
	let tried = 0;
	const property = fc.asyncProperty(plans, async (candidate) => {
		if (tried++ > MOST_TRIED) return true;
		const { judge } = await runOne(stage, candidate);
		const report = await judge();
		if (report.findings.length === 0) return true;
		({ findings } = report);
		plan = candidate;
		return false;
	});
	await fc.check(property, { seed, numRuns: 1 });
	return { seed, findings, plan };
}

/** The engine takes a tenth of a second to notice that a run is over: meanwhile the next ones run. */
const MOST_UNJUDGED = 3;
/** Plans tried while shrinking. */
const MOST_TRIED = 40;
