import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readCommand, readWholeNumber } from "../cli/command.ts";
import { type Scope, campaign as sound } from "../faults/campaign.ts";
import type { ScenarioName } from "../faults/draw-scenarios.ts";
import { copyRepository } from "./copy.ts";
import { type Mutant, mutants } from "./list.ts";

const USAGE = `npm run mutants -- [FLAGS]       puts each defect into a copy of the code, and
                                lets its tests or the fault campaign find it;
                                prints by what it was found
  --runs N                      of the campaign at most; default 500
  --seed N                      of its first run; default 1
  --only TEXT                   defects whose name holds the text
  --scenarios                   only runs of the scenario that is made for the
                                defect, which is quick
  --help, -h

exit code: 0 every defect was found, 1 some were not, 2 the call was wrong`;

const TEXT = { type: "string" } as const;
const OPTIONS = { runs: TEXT, seed: TEXT, only: TEXT, scenarios: { type: "boolean" } } as const;
const values = readCommand(USAGE, OPTIONS, (flags) => ({
	runs: readWholeNumber("--runs", flags.runs ?? "500", 1),
	seed: readWholeNumber("--seed", flags.seed ?? "1", 0),
	only: flags.only ?? "",
	scenarios: flags.scenarios ?? false,
}));
const ROOT = join(import.meta.dirname, "../..");

let missed = 0;
for (const mutant of mutants.filter(({ name }) => name.includes(values.only))) {
	const found = await hunt(mutant);
	if (found === undefined) missed++;
	process.stdout.write(`${mutant.name}: ${found ?? "not found"}\n`);
}
process.exitCode = missed === 0 ? 0 : 1;

/** @returns by what it was found */
async function hunt({ name, edits, tests, scenario }: Mutant): Promise<string | undefined> {
	await using folder = await copyRepository();
	for (const { file, from, to } of edits) {
		const path = join(folder.path, file);
		const text = await readFile(path, "utf8");
		if (text.split(from).length !== 2) throw new Error(`${name}: ${file} does not hold this text once: ${from}`);
		await writeFile(
			path,
			text.replace(from, () => to),
		);
	}
	return tests ? await test(folder.path, tests) : await search(folder.path, values.scenarios ? scenario : undefined);
}

async function test(folder: string, tests: readonly string[]): Promise<string | undefined> {
	const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
	const child = spawn(process.execPath, [vitest, "run", "--bail", "1", ...tests], { cwd: folder, stdio: "pipe" });
	let output = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding("utf8").on("data", (text: string) => {
			output += text;
		});
	}
	await once(child, "close");
	return /^.*FAIL.*\.test\.ts.*$/m.exec(output)?.[0].trim();
}

async function search(folder: string, scenario?: ScenarioName): Promise<string | undefined> {
	const { campaign } = (await import(join(folder, "local/faults/campaign.ts"))) as { campaign: typeof sound };
	const first = values.seed;
	const end = first + values.runs;
	for (let seed = first; seed < end; ) {
		const { failures } = await campaign({ runs: end - seed, seed, processes: 2, untilFirst: true, scenario });
		for (const failure of failures) {
			const [finding] = failure.findings;
			if (finding && (await isOfTheDefect({ runs: 1, seed: failure.seed, processes: 1, scenario }, campaign))) {
				return `${failure.seed - first + 1} runs: ${finding.kind}, ${finding.what.slice(0, 120)}`;
			}
		}
		if (failures.length === 0) return undefined;
		seed = Math.max(...failures.map((failure) => failure.seed)) + 1;
	}
	return undefined;
}

/** Whether the run fails with the defect each time, and not without it. */
async function isOfTheDefect(run: Scope, withDefect: typeof sound): Promise<boolean> {
	return (await withDefect(run)).failures.length > 0 && (await sound(run)).failures.length === 0;
}
