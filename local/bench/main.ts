import { readCommand, UsageError } from "../cli/command.ts";
import { wrap } from "../terminal/screen.ts";
import { measure } from "./measure.ts";
import { writeReport } from "./report.ts";
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
