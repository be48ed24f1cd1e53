import { readCommand, readWholeNumber, UsageError } from "../cli/command.ts";
import { wrap } from "../terminal/screen.ts";
import type { Failure } from "./batch.ts";
import { campaign, type Result } from "./campaign.ts";
import { drawTable } from "./counts.ts";
import { SCENARIOS, type ScenarioName } from "./draw-scenarios.ts";

const USAGE = `npm run faults -- [FLAGS]        draws runs in which things go wrong, and
                                counts the promises that were broken
  --runs N                      default 200
  --seed N                      of the first run; default a random one
  --processes N                 default 2
  --scenario NAME               only runs of this one:
${Object.keys(SCENARIOS)
	.map((name) => `                                ${name}`)
	.join("\n")}
  --shrink                      looks for a smaller plan of each run that broke
                                a promise; takes minutes
  --json                        the totals as one JSON object
  --help, -h

exit code: 0 no promise was broken, 1 some were, 2 the call was wrong`;

const OPTIONS = {
	runs: { type: "string" },
	seed: { type: "string" },
	processes: { type: "string" },
	scenario: { type: "string" },
	shrink: { type: "boolean" },
	json: { type: "boolean" },
} as const;
const { runs, seed, processes, scenario, shrink, json } = readCommand(USAGE, OPTIONS, (flags) => ({
	runs: readWholeNumber("--runs", flags.runs ?? "200", 1),
	seed: readWholeNumber("--seed", flags.seed ?? String(Math.floor(Math.random() * 2 ** 30)), 0),
	processes: readWholeNumber("--processes", flags.processes ?? "2", 1),
	scenario: readScenario(flags.scenario),
	shrink: flags.shrink ?? false,
	json: flags.json ?? false,
}));

function readScenario(name: string | undefined): ScenarioName | undefined {
	if (name === undefined || Object.hasOwn(SCENARIOS, name)) return name as ScenarioName | undefined;
	throw new UsageError(`--scenario must be one of ${Object.keys(SCENARIOS).join(", ")}`);
}

const began = performance.now();
let done = 0;
process.stderr.write(`seed ${seed}, ${runs} runs\n`);
const result = await campaign({ runs, seed, processes, scenario, shrinks: shrink }, (failure) => {
	done++;
	if (failure) process.stderr.write(report(failure));
	if (done % Math.ceil(runs / 20) === 0) process.stderr.write(`${done} of ${runs} runs, ${perRun()} ms each\n`);
});

const out = json ? process.stderr : process.stdout;
out.write(`${drawTable(result.counts)}\n`);
for (const failure of result.failures) out.write(report(failure));
process.stdout.write(`${json ? JSON.stringify(totals(result)) : sentence(result)}\n`);
process.exitCode = result.failures.length === 0 ? 0 : 1;

function report({ seed: failing, findings, plan }: Failure): string {
	const what = findings.map((finding) => `${finding.kind}: ${finding.what}`).join("; ");
	return `\nseed ${failing}: ${what}\nagain: npm run faults -- --runs 1 --seed ${failing}\nplan: ${JSON.stringify(plan)}\n`;
}

function totals({ runs: carriedOut, found, counts }: Result) {
	return { runs: carriedOut, seed, ...found, millisecondsPerRun: Number(perRun()), counts };
}

function sentence({ runs: carriedOut, found }: Result): string {
	const figures = Object.entries(found).map(([name, count]) => `${name} ${count}`);
	const text = `runs ${carriedOut}, ${figures.join(", ")} (seed ${seed}, ${perRun()} ms a run)`;
	return wrap(text, process.stdout.columns ?? Number.POSITIVE_INFINITY).join("\n");
}

function perRun(): string {
	return ((performance.now() - began) / Math.max(done, 1)).toFixed(1);
}
