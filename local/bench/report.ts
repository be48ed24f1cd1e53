import { readFile, writeFile } from "node:fs/promises";
import type { Figures } from "./measure.ts";
import { drawPlot } from "./plot.ts";
import { passes, type Row } from "./rows.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const [BEGIN, END] = ["<!-- figures: npm run bench -- --write -->", "<!-- end of figures -->"];

/** Puts the figures into `docs/performance.md`, between its marks, and the plot beside it. */
export async function writeReport(figures: Figures, rows: readonly Row[]): Promise<void> {
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
