import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Batch, Failure } from "./batch.ts";
import type { ScenarioName } from "./draw-scenarios.ts";
import type { Kind } from "./observed.ts";

/** What all runs came to. */
export interface Result {
	readonly runs: number;
	readonly seed: number;
	/** Findings by kind; each should be 0. */
	readonly found: Readonly<Record<(typeof FOUND)[number][0], number>>;
	/** How often each thing was done or happened. */
	readonly counts: Readonly<Record<string, number>>;
	readonly failures: readonly Failure[];
	/** By seed, a hash of everything that happened in its run. */
	readonly records: Readonly<Record<string, string>>;
}

/** What is looked for: the name in the figures, and the kind of finding. */
const FOUND = [
	["duplicates", "duplicate"],
	["falseSuccesses", "false success"],
	["lost", "lost"],
	["leaks", "leak"],
	["lateAsks", "late ask"],
	["lateNotices", "late notice"],
	["undercutRetryAfter", "undercut retry-after"],
	["operationsExceeded", "operations exceeded"],
	["unheard", "unheard"],
] as const satisfies readonly (readonly [string, Kind])[];

/** What a worker gets: the seeds to carry out. */
export interface Task {
	readonly from: number;
	readonly to: number;
	/** Whether to end with the first run that breaks a promise. */
	readonly untilFirst: boolean;
	/** Whether to look for a smaller plan of each run that breaks a promise, which takes minutes. */
	readonly shrinks: boolean;
	/** Absent: everything is drawn. */
	readonly scenario?: ScenarioName | undefined;
}

/** What a worker sends. */
export type Message = { readonly run: true; readonly failure?: Failure | undefined } | { readonly batch: Batch };

export interface Scope extends Partial<Pick<Task, "untilFirst" | "shrinks" | "scenario">> {
	readonly runs: number;
	readonly seed: number;
	readonly processes: number;
}

/** The same, where a process may be the last one. */
const RUNS_UNTIL_FIRST = 60;
/** Runs in a process: a new one forgets the executions and the modules of the runs before. */
const RUNS_PER_PROCESS = 1000;

/**
 * Carries out runs, each with a seed of its own from `seed` on, in several processes.
 *
 * @param onRun called after each run with the promises that it broke
 */
export async function campaign(
	{ runs, seed, processes, untilFirst = false, shrinks = false, scenario }: Scope,
	onRun: (failure?: Failure) => void = () => {},
): Promise<Result> {
	const size = Math.min(untilFirst ? RUNS_UNTIL_FIRST : RUNS_PER_PROCESS, Math.ceil(runs / processes));
	const tasks: Task[] = [];
	for (let from = seed; from < seed + runs; from += size) {
		tasks.push({ from, to: Math.min(from + size, seed + runs), untilFirst, shrinks, scenario });
	}
	const batches: Batch[] = [];
	const work = async () => {
		for (let task = tasks.shift(); task; task = tasks.shift()) {
			const batch = await runInChild(task, onRun);
			batches.push(batch);
			if (untilFirst && batch.failures.length > 0) tasks.length = 0;
		}
	};
	await Promise.all(Array.from({ length: processes }, work));
	return sum(batches, seed);
}

/** Where processes leave compiled modules, types stripped, for the next ones. */
const COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/node", import.meta.url));

function runInChild(task: Task, onRun: (failure?: Failure) => void): Promise<Batch> {
	const child = fork(new URL("./worker.ts", import.meta.url), {
		env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
		stdio: ["ignore", "ignore", "pipe", "ipc"],
	});
	let errors = "";
	child.stderr?.setEncoding("utf8").on("data", (text: string) => {
		errors = (errors + text).slice(-4000);
	});
	return new Promise((resolve, reject) => {
		child.on("message", (message: Message) => {
			if ("batch" in message) resolve(message.batch);
			else onRun(message.failure);
		});
		child.on("error", reject);
		child.on("exit", (code) => reject(new Error(`a process of the campaign ended with ${code}: ${errors}`)));
		child.send(task);
	});
}

function sum(batches: readonly Batch[], seed: number): Result {
	const counts: Record<string, number> = {};
	for (const batch of batches) {
		for (const [name, count] of Object.entries(batch.counts)) counts[name] = (counts[name] ?? 0) + count;
	}
	const failures = batches.flatMap((batch) => batch.failures).toSorted((a, b) => a.seed - b.seed);
	const records = Object.assign({}, ...batches.map((batch) => batch.records)) as Result["records"];
	const findings = failures.flatMap((failure) => failure.findings);
	const found = Object.fromEntries(
		FOUND.map(([name, kind]) => [name, findings.filter((finding) => finding.kind === kind).length]),
	) as Result["found"];
	return { runs: batches.reduce((total, batch) => total + batch.runs, 0), seed, found, counts, failures, records };
}
