import { readFile, writeFile } from "node:fs/promises";
import { readCommand, UsageError } from "../cli/command.ts";
import { wrap } from "../terminal/screen.ts";
import { type Figures, measure } from "./measure.ts";
import { drawPlot } from "./plot.ts";
import { measureRic, toRicRows } from "./ric.ts";
import { passes, type Row, toRows } from "./rows.ts";

const USAGE = `npm run bench -- [FLAGS]         figures beside their peers and bounds
  --json                        the figures as one JSON object
  --quick                       fewer rounds
  --write                       renews docs/performance.md
  --ric                         the deployed bundle under AWS's own runtime
                                client instead
  --help, -h

exit code: 0 every gate is passed, 1 some are not, 2 the call was wrong`;

const DOCS = new URL("../../docs/", import.meta.url);
const [BEGIN, END] = ["<!-- figures: npm run bench -- --write -->", "<!-- end of figures -->"];

const FLAG = { type: "boolean", default: false } as const;
const {
	json,
	quick = false,
	write,
	ric,
} = readCommand(USAGE, { json: FLAG, quick: FLAG, write: FLAG, ric: FLAG }, (flags) => {
	if (flags.ric && flags.write) throw new UsageError("--write renews what --ric does not measure");
	return flags;
});
const tell = (what: string) => process.stderr.write(`${what} …\n`);
process.exitCode = (await (ric ? benchRic() : bench())) ? 0 : 1;

/** @returns whether every gate is passed */
async function bench(): Promise<boolean> {
	const figures = await measure(quick, tell);
	const rows = toRows(figures);
	process.stdout.write(json ? `${JSON.stringify(figures)}\n` : `${toTable(rows)}\n`);
	if (write) await writeReport(figures, rows);
	for (const row of rows.filter((row) => !passes(row))) {
		process.stderr.write(`${row.key} is ${row.value}, and must be at most ${row.most}\n`);
	}
	return rows.every(passes);
}

/** @returns whether the run under AWS's runtime client succeeded */
async function benchRic(): Promise<boolean> {
	try {
		const figures = await measureRic(quick, tell);
		process.stdout.write(json ? `${JSON.stringify({ ric: figures })}\n` : `${toTable(toRicRows(figures))}\n`);
		const { status, error } = figures.run;
		if (status === "SUCCEEDED") return true;
		process.stderr.write(`the run ended ${status}: ${error}\n`);
	} catch (error) {
		process.stderr.write(`${error instanceof Error ? error.message : "it can't be measured"}\n`);
	}
	return false;
}

/** A row of figures each, and below it what stands beside it: none wider than a terminal of 80 columns. */
function toTable(rows: readonly Row[]): string {
	return rows
		.map((row) => {
			const { key, value, most, beside } = row;
			const mark = most === undefined ? " " : passes(row) ? "✓" : "✗";
			const must = most === undefined ? "" : `≤ ${most}`;
			const figure = `${mark} ${key.padEnd(42)} ${String(value).padStart(8)}  ${must}`.trimEnd();
			const lines = beside === "" ? [] : wrap(beside, 76);
			return [figure, ...lines.map((line) => `    ${line}`)].join("\n");
		})
		.join("\n");
}

/** Puts the figures into `docs/performance.md`, between its marks, and the plot beside it. */
async function writeReport(figures: Figures, rows: readonly Row[]): Promise<void> {
	const page = new URL("performance.md", DOCS);
	const text = await readFile(page, "utf8");
	const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
	if (from < 0 || to < from) throw new Error("docs/performance.md has no place for the figures");
	await writeFile(page, `${text.slice(0, from + BEGIN.length)}\n${toMarkdown(figures, rows)}\n${text.slice(to)}`);
	await writeFile(new URL("performance.svg", DOCS), await drawPlot());
}

function toMarkdown({ machine }: Figures, rows: readonly Row[]): string {
	const { cpu, cores, gigabytes, node } = machine;
	const lines = rows.map((row) => {
		const must = row.most === undefined ? "" : `≤ ${row.most} ${passes(row) ? "✓" : "✗"}`;
		return `| \`${row.key}\` | ${row.value} | ${must} | ${row.beside} |`;
	});
	return [
		`${cpu}, ${cores} cores, ${gigabytes} GiB, Node ${node.slice(1)}:`,
		"",
		"| figure | is | must be | beside |",
		"| --- | ---: | --- | --- |",
		...lines,
	].join("\n");
}
