import { parseArgs } from "node:util";
import { campaign, type Result } from "./campaign.ts";
import { drawTable } from "./table.ts";

/** The fault campaign: `npm run faults [-- --runs N --seed N] [--json]`. Exits with 1 where a promise was broken. */
const { values } = parseArgs({
	options: {
		runs: { type: "string", default: "200" },
		seed: { type: "string" },
		processes: { type: "string", default: "2" },
		json: { type: "boolean", default: false },
	},
});

const runs = whole("runs", values.runs, 1);
const seed = whole("seed", values.seed ?? String(Math.floor(Math.random() * 2 ** 30)), 0);
const processes = whole("processes", values.processes, 1);

const began = performance.now();
let done = 0;
process.stderr.write(`seed ${seed}, ${runs} runs\n`);
const result = await campaign({ runs, seed, processes }, () => {
	done++;
	if (done % Math.ceil(runs / 20) === 0) process.stderr.write(`${done} of ${runs} runs, ${perRun()} ms each\n`);
});

const out = values.json ? process.stderr : process.stdout;
out.write(`${drawTable(result.counts)}\n`);
for (const { seed: failing, findings, plan } of result.failures) {
	out.write(`\nseed ${failing}: ${findings.map(({ kind, what }) => `${kind}: ${what}`).join("; ")}\n`);
	out.write(`again: npm run faults -- --runs 1 --seed ${failing}\nthe smallest plan found: ${JSON.stringify(plan)}\n`);
}
process.stdout.write(`${values.json ? JSON.stringify(totals(result)) : sentence(result)}\n`);
process.exitCode = result.failures.length === 0 ? 0 : 1;

function totals({ duplicates, falseSuccesses, lost, leaks, counts }: Result) {
	return {
		runs: result.runs,
		seed,
		duplicates,
		falseSuccesses,
		lost,
		leaks,
		millisecondsPerRun: Number(perRun()),
		counts,
	};
}

function sentence({ duplicates, falseSuccesses, lost, leaks }: Result): string {
	const found = `duplicates ${duplicates}, falseSuccesses ${falseSuccesses}, lost ${lost}, leaks ${leaks}`;
	return `runs ${result.runs}, ${found} (seed ${seed}, ${perRun()} ms a run)`;
}

function perRun(): string {
	return ((performance.now() - began) / Math.max(done, 1)).toFixed(1);
}

function whole(name: string, text: string, least: number): number {
	const number = Number(text);
	if (Number.isSafeInteger(number) && number >= least) return number;
	process.stderr.write(`--${name} must be a whole number, ${least} or more\n`);
	process.exit(2);
}
