import { rmSync } from "node:fs";
import { readCommand, readWholeNumber, UsageError } from "../cli/command.ts";
import { copyRepository } from "../mutants/copy.ts";
import { type Result, score } from "./score.ts";

/** Its tests set the clock and the environment of their process. */
const ISOLATED = "lambda/workflow";
/** The folders that are measured, and the tests that have to kill their mutants. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
	"lambda/domain": ["test/domain/**/*.test.ts", "test/workflow/acquire.test.ts"],
	[ISOLATED]: ["test/workflow/**/*.test.ts"],
	"lambda/atlas/auth": ["test/atlas/**/*.test.ts"],
	"lambda/triggers/http": ["test/triggers/http/**/*.test.ts"],
};
const LEAST_PERCENT = 90;

const USAGE = `npm run mutation -- [FLAGS]      changes the code in small ways, in a copy; each
                                time a test of its folder has to fail
  --folder F                    may be repeated; default all of
${Object.keys(TESTS)
	.map((folder) => `                                ${folder}`)
	.join("\n")}
  --sample N                    mutants of a folder at most; default all
  --seed N                      which ones; default 1
  --json                        standard output carries one JSON object
  --help, -h

exit code: 0 every folder has a score of ${LEAST_PERCENT} % or more, 1 some have less,
           2 the call was wrong`;

const TEXT = { type: "string" } as const;
const OPTIONS = {
	folder: { type: "string", multiple: true },
	sample: TEXT,
	seed: TEXT,
	json: { type: "boolean" },
} as const;
const { folders, sample, seed, json } = readCommand(USAGE, OPTIONS, (flags) => ({
	folders: (flags.folder ?? Object.keys(TESTS)).map(readFolder),
	sample: flags.sample === undefined ? Infinity : readWholeNumber("--sample", flags.sample, 1),
	seed: readWholeNumber("--seed", flags.seed ?? "1", 0),
	json: flags.json ?? false,
}));

function readFolder(name: string) {
	const tests = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
	if (!tests) throw new UsageError(`--folder must be ${Object.keys(TESTS).join(", ")}`);
	return { folder: name, tests };
}

process.once("SIGINT", () => process.exit(130));
const rows: Readonly<Record<string, string | number>>[] = [];
const survivors: Result[] = [];
for (const { folder, tests } of folders) {
	await using copy = await copyRepository();
	process.once("exit", () => rmSync(copy.path, { recursive: true, force: true }));
	const setupFiles = ["test/setup.ts"];
	const isolated = folder === ISOLATED;
	const onProgress = (done: number, of: number) => {
		const end = process.stderr.isTTY && done < of ? "\r" : "\n";
		if (process.stderr.isTTY || done % 25 === 0 || done === of) {
			process.stderr.write(`${folder}: ${done} of ${of} mutants${end}`);
		}
	};
	const onLeftOut = (test: string) => void process.stderr.write(`left out, since it fails without a mutant: ${test}\n`);
	const scope = { root: copy.path, folder, tests, isolated, setupFiles, sample, seed };
	const results = await score(scope, onProgress, onLeftOut);
	const count = (...statuses: readonly Result["status"][]) =>
		results.filter(({ status }) => statuses.includes(status)).length;
	const killed = count("killed", "timeout");
	const percent = results.length === 0 ? 100 : Math.floor((1000 * killed) / results.length) / 10;
	rows.push({
		folder,
		mutants: results.length,
		killed,
		survived: count("survived"),
		"no coverage": count("no coverage"),
		"score %": percent,
	});
	survivors.push(...results.filter(({ status }) => status === "survived" || status === "no coverage"));
}

if (json) process.stdout.write(`${JSON.stringify({ folders: rows, survivors })}\n`);
else print();
process.exitCode = rows.every((row) => Number(row["score %"]) >= LEAST_PERCENT) ? 0 : 1;

function print(): void {
	const short = (text: string) => JSON.stringify(text.replaceAll(/\s+/g, " ").slice(0, 100));
	for (const { place, status, original, replacement } of survivors.toSorted((a, b) => (a.place < b.place ? -1 : 1))) {
		process.stdout.write(`${place}: ${status}\n    ${short(original)}\n -> ${short(replacement)}\n`);
	}
	const [first = {}] = rows;
	const line = (cells: readonly unknown[]) =>
		Object.keys(first)
			.map((title, index) =>
				index === 0 ? String(cells[0]).padEnd(22) : String(cells[index]).padStart(Math.max(9, title.length + 2)),
			)
			.join("");
	process.stdout.write(`\n${line(Object.keys(first))}\n`);
	for (const row of rows) process.stdout.write(`${line(Object.values(row))}\n`);
}
