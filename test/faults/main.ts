import { parseArgs } from "node:util";
import { readCommand, readWhole } from "../../local/cli/read-command.ts";
import type { Failure } from "./batch.ts";
import { campaign, type Result } from "./campaign.ts";
import { SCENARIOS, type ScenarioName } from "./draw-scenarios.ts";
import { drawTable } from "./tally.ts";

const USAGE = `npm run faults -- [FLAGS]        draws runs in which things go wrong, and counts the promises that were broken
  --runs N                      default 200
  --seed N                      of the first run; default a random one
  --processes N                 default 2
  --scenario NAME               only runs of this one: ${Object.keys(SCENARIOS).join(", ")}
  --shrink                      looks for a smaller plan of each run that broke a promise; takes minutes
  --json                        the totals as one JSON object on standard output
  --help, -h

exit code: 0 no promise was broken, 1 some were, 2 the call was wrong`;

const { runs, seed, processes, scenario, shrink, json } = readCommand(USAGE, (args) => {
	const text = { type: "string" } as const;
	const flag = { type: "boolean", default: false } as const;
	const options = { runs: text, seed: text, processes: text, scenario: text, shrink: flag, json: flag } as const;
	const { values } = parseArgs({ args, options });
	return {
		runs: readWhole("--runs", values.runs ?? "200", 1),
		seed: readWhole("--seed", values.seed ?? String(Math.floor(Math.random() * 2 ** 30)), 0),
		processes: readWhole("--processes", values.processes ?? "2", 1),
		scenario: readScenario(values.scenario),
		shrink: values.shrink,
		json: values.json,
	};
});

function readScenario(name: string | undefined): ScenarioName | undefined {
	if (name === undefined || name in SCENARIOS) return name as ScenarioName | undefined;
	throw new Error(`--scenario must be one of ${Object.keys(SCENARIOS).join(", ")}`);
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
	return `runs ${carriedOut}, ${figures.join(", ")} (seed ${seed}, ${perRun()} ms a run)`;
}

function perRun(): string {
	return ((performance.now() - began) / Math.max(done, 1)).toFixed(1);
}
