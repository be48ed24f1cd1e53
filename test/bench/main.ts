/** `npm run bench`: figures beside their peers and bounds. Exit code 1 where a gate fails, 2 for a wrong call. */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { measure } from "./measure.ts";
import { writeReport } from "./report.ts";
import { passes, type Row, toRows } from "./rows.ts";

const { json, quick, write } = readFlags();
const figures = await measure(quick, (what) => process.stderr.write(`${what} …\n`));
const rows = toRows(figures);
process.stdout.write(json ? `${JSON.stringify(figures)}\n` : `${toTable(rows)}\n`);
if (write) await writeReport(figures, rows);
for (const row of rows.filter((row) => !passes(row))) {
	process.stderr.write(`${row.key} is ${row.value}, and must be at most ${row.most}\n`);
}
process.exitCode = rows.every(passes) ? 0 : 1;

function readFlags() {
	try {
		const flag = { type: "boolean", default: false } as const;
		return parseArgs({ options: { json: flag, quick: flag, write: flag } }).values;
	} catch (error) {
		process.stderr.write(`${error instanceof Error ? error.message : "the call is wrong"}\n`);
		process.stderr.write("usage: npm run bench -- [--json] [--quick] [--write]\n");
		process.exit(2);
	}
}

function toTable(lines: readonly Row[]): string {
	const table = new Table({ head: ["", "figure", "is", "must be", "beside"], style: { head: [], border: [] } });
	for (const row of lines) {
		const { key, value, most, beside } = row;
		const mark = most === undefined ? " " : passes(row) ? "✓" : "✗";
		table.push([mark, key, value, most === undefined ? "told" : `≤ ${most}`, beside]);
	}
	return table.toString();
}
