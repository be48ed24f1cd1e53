import { cp, mkdtempDisposable, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { campaign as Campaign } from "../faults/campaign.ts";
import { type Mutant, mutants } from "./list.ts";

/**
 * `npm run mutants [-- --runs N --seed N --only TEXT]`: puts each defect into a copy of the code and lets the fault
 * campaign look for it. Prints the number of runs until it was found; exits with 1 where one was not.
 */
const { values } = parseArgs({
	options: {
		runs: { type: "string", default: "600" },
		seed: { type: "string", default: "1" },
		only: { type: "string", default: "" },
	},
});
const ROOT = join(import.meta.dirname, "../..");
const PARTS = ["lambda", "local", "test", "package.json", "tsconfig.json"];

let missed = 0;
for (const mutant of mutants.filter(({ name }) => name.includes(values.only))) {
	const found = await hunt(mutant);
	if (found === undefined) missed++;
	const how = found === undefined ? `not found in ${values.runs} runs` : `${found.runs} runs: ${found.what}`;
	process.stdout.write(`${mutant.name}: ${how}\n`);
}
process.exitCode = missed === 0 ? 0 : 1;

/** @returns the number of runs that it took, and what was found */
async function hunt({ name, edits }: Mutant): Promise<{ readonly runs: number; readonly what: string } | undefined> {
	await using folder = await mkdtempDisposable(join(tmpdir(), "atlas-snapshots-mutant-"));
	for (const part of PARTS) await cp(join(ROOT, part), join(folder.path, part), { recursive: true });
	await symlink(join(ROOT, "node_modules"), join(folder.path, "node_modules"));
	for (const { file, from, to } of edits) {
		const path = join(folder.path, file);
		const text = await readFile(path, "utf8");
		if (text.split(from).length !== 2) throw new Error(`${name}: ${file} does not hold this text once: ${from}`);
		await writeFile(
			path,
			text.replace(from, () => to),
		);
	}
	const { campaign } = (await import(join(folder.path, "test/faults/campaign.ts"))) as { campaign: typeof Campaign };
	const seed = Number(values.seed);
	const { failures } = await campaign({ runs: Number(values.runs), seed, processes: 2, untilFirst: true });
	const [first] = failures;
	const [finding] = first?.findings ?? [];
	return first && finding && { runs: first.seed - seed + 1, what: `${finding.kind}, ${finding.what.slice(0, 120)}` };
}
