import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { instrument, type Mutant } from "./instrument.ts";
import { TestRunner } from "./test-runner.ts";
import type { Reply } from "./worker.ts";

/** What is measured. */
export interface Scope {
	/** A copy of the repository: its files are changed. */
	readonly root: string;
	/** Whose mutants. */
	readonly folder: string;
	/** Patterns of the test files that have to kill them. */
	readonly tests: readonly string[];
	/** Whether each of their files needs a process of its own, which takes longer. */
	readonly isolated: boolean;
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
 * @param onLeftOut called for each test that fails without a mutant: its file can't show anything
 */
export async function score(
	scope: Scope,
	onProgress: (done: number, of: number) => void,
	onLeftOut: (test: string) => void,
): Promise<readonly Result[]> {
	const { root, folder, tests, isolated, setupFiles, sample, seed } = scope;
	const mutants = draw(await instrument(root, folder), sample, seed);
	await using stack = new AsyncDisposableStack();
	const runners = Array.from({ length: availableParallelism() }, () =>
		stack.use(new TestRunner(root, isolated, setupFiles)),
	);
	const files = globSync([...tests], { cwd: root });
	const tried = await share(files, runners, async (file, runner): Promise<Baseline | undefined> => {
		const reply = await runner.run({ files: [{ file }], coverage: true }, 600_000);
		if (reply && !reply.failed) return { ...reply, file };
		onLeftOut(`${file}: ${reply?.failed?.name ?? "does not end"}`);
		return undefined;
	});
	const baselines = tried.filter((each) => each !== undefined);
	const passesAlone = new Map<string, Promise<boolean>>();
	const tryMutant = async (mutant: Mutant, { job, limitMs }: Trial, runner: TestRunner): Promise<Result> => {
		const reply = await runner.run(job, limitMs);
		const { file = "", id } = reply?.failed ?? {};
		if (id === undefined) return resultOf(mutant, reply);
		const alone =
			passesAlone.get(id) ??
			runner.run({ files: [{ file, tests: [id] }] }, limitMs).then((one) => one !== undefined && !one.failed);
		passesAlone.set(id, alone);
		if (await alone) return resultOf(mutant, reply);
		// It needs those before it, and fails without them: then only whole files can say.
		const files = job.files.map((each) => ({ file: each.file }));
		return resultOf(mutant, await runner.run({ ...job, files }, limitMs));
	};
	let done = 0;
	return await share(mutants, runners, async (mutant, runner) => {
		const found = jobFor(mutant, baselines);
		const result = found ? await tryMutant(mutant, found, runner) : { ...mutant, status: "no coverage" as const };
		onProgress(++done, mutants.length);
		return result;
	});
}

/** The tests that reach the mutant, the quickest files first. @returns undefined where none does */
function jobFor({ id }: Mutant, baselines: readonly Baseline[]) {
	let hits = 0;
	let limitMs = 30_000;
	const files = baselines
		.toSorted((a, b) => a.milliseconds - b.milliseconds)
		.flatMap(({ file, coverage = {}, milliseconds }) => {
			const reaching = Object.entries(coverage.perTest ?? {}).filter(([, each]) => id in each);
			for (const [, each] of reaching) hits += each[id] ?? 0;
			hits += coverage.static?.[id] ?? 0;
			const isStatic = coverage.static !== undefined && id in coverage.static;
			if (!isStatic && reaching.length === 0) return [];
			limitMs += 3 * milliseconds;
			return [{ file, tests: isStatic ? undefined : reaching.map(([test]) => test) }];
		});
	return files.length === 0 ? undefined : { job: { files, mutant: { id, hitLimit: 1000 + 100 * hits } }, limitMs };
}

type Trial = NonNullable<ReturnType<typeof jobFor>>;

function resultOf(mutant: Mutant, reply: Reply | undefined): Result {
	if (!reply) return { ...mutant, status: "timeout" };
	return reply.failed ? { ...mutant, status: "killed", by: reply.failed.name } : { ...mutant, status: "survived" };
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
