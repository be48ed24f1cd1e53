import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { instrument, type Mutant } from "./instrument.ts";
import { TestRunner } from "./test-runner.ts";
import type { Job, Reply } from "./worker.ts";

/** What is measured. */
export interface Scope {
	/** A copy of the repository: its files are changed. */
	readonly root: string;
	/** Whose mutants. */
	readonly folder: string;
	/** Folders of the tests that have to kill them. */
	readonly tests: readonly string[];
	/** What runs before each test file, in the copy. */
	readonly setupFiles: readonly string[];
	/** Mutants at most; which of them, the seed says. */
	readonly sample: number;
	readonly seed: number;
}

export interface Result extends Mutant {
	/** `timeout` counts as killed: the tests do not end. */
	readonly status: "killed" | "timeout" | "survived" | "no coverage";
	/** The test that failed. */
	readonly by?: string;
}

type Baseline = Reply & { readonly file: string };

/**
 * Switches each mutant on in turn and runs the tests that reach it, until one fails.
 *
 * @param onProgress called after each mutant
 * @throws Error naming the test that fails without a mutant
 */
export async function score(scope: Scope, onProgress: (done: number, of: number) => void): Promise<readonly Result[]> {
	const { root, folder, tests, setupFiles, sample, seed } = scope;
	const mutants = draw(await instrument(root, folder), sample, seed);
	await using stack = new AsyncDisposableStack();
	const runners = Array.from({ length: availableParallelism() }, () => stack.use(new TestRunner(root, setupFiles)));
	const files = globSync(
		tests.map((each) => `${each}/**/*.test.ts`),
		{ cwd: root },
	);
	const baselines = await share(files, runners, async (file, runner): Promise<Baseline> => {
		const reply = await runner.run({ file, coverage: true }, 600_000);
		if (!reply || reply.failed) throw new Error(`fails without a mutant: ${reply?.failed?.name ?? file}`);
		return { ...reply, file };
	});
	const isSoundAlone = new Map<string, Promise<boolean>>();
	let done = 0;
	return await share(mutants, runners, async (mutant, runner) => {
		const result = await tryMutant(mutant, baselines, async (job, limitMs) => {
			const reply = await runner.run(job, limitMs);
			const id = reply?.failed?.id;
			if (!job.tests || id === undefined) return reply;
			// A test that needs those before it fails without them: then only the whole file can say.
			const { file } = job;
			const alone = isSoundAlone.get(id) ?? runner.run({ file, tests: [id] }, limitMs).then((one) => !one?.failed);
			isSoundAlone.set(id, alone);
			return (await alone) ? reply : await runner.run({ ...job, tests: undefined }, limitMs);
		});
		onProgress(++done, mutants.length);
		return result;
	});
}

type Run = (job: Job, limitMs: number) => Promise<Reply | undefined>;

async function tryMutant(mutant: Mutant, baselines: readonly Baseline[], run: Run): Promise<Result> {
	const { id } = mutant;
	let isReached = false;
	for (const { file, coverage = {}, milliseconds } of baselines.toSorted((a, b) => a.milliseconds - b.milliseconds)) {
		const perTest = Object.entries(coverage.perTest ?? {}).filter(([, hits]) => id in hits);
		const isStatic = id in (coverage.static ?? {});
		if (!isStatic && perTest.length === 0) continue;
		isReached = true;
		const hits = perTest.reduce((sum, [, each]) => sum + (each[id] ?? 0), coverage.static?.[id] ?? 0);
		const tests = isStatic ? undefined : perTest.map(([test]) => test);
		const reply = await run({ file, tests, mutant: { id, hitLimit: 1000 + 100 * hits } }, 15_000 + 5 * milliseconds);
		if (!reply) return { ...mutant, status: "timeout", by: file };
		if (reply.failed) return { ...mutant, status: "killed", by: reply.failed.name };
	}
	return { ...mutant, status: isReached ? "survived" : "no coverage" };
}

/** The same mutant has the same rank whatever stands around it, so that a sample hardly changes with the code. */
export function draw(mutants: readonly Mutant[], size: number, seed: number): readonly Mutant[] {
	const rank = ({ place, original, replacement }: Mutant) =>
		createHash("sha256")
			.update(`${seed} ${place.split(":")[0]} ${original} ${replacement}`)
			.digest("hex");
	const ranked = mutants.map((mutant) => ({ mutant, rank: rank(mutant) }));
	return ranked
		.toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
		.slice(0, size)
		.map(({ mutant }) => mutant);
}

/** Hands the items out to whichever runner is free. @returns in the order of the items */
async function share<T, R>(
	items: readonly T[],
	runners: readonly TestRunner[],
	work: (item: T, runner: TestRunner) => Promise<R>,
): Promise<readonly R[]> {
	const results: R[] = [];
	const queue = items.entries();
	const drain = async (runner: TestRunner) => {
		for (const [index, item] of queue) results[index] = await work(item, runner);
	};
	await Promise.all(runners.map(drain));
	return results;
}
