import Table from "cli-table3";

/** The groups of what is counted, in the order of the table; a name begins with its group. */
const GROUPS = [
	["atlas ", "done to a request of Atlas"],
	["aws ", "done to a call of AWS"],
	["connect: ", "no connection to Atlas"],
	["strike: ", "an invocation broke off: the process …"],
	["platform: ", "the platform"],
	["conflict: ", "in the way"],
	["keys ", "keys"],
	["delivery ", "deliveries"],
	["execution ", "executions"],
	["runs ", "executions"],
	["state ", "published"],
	["event ", "published"],
	["provenance ", "snapshots came by"],
] as const;

/** Draws what was done and what came of it, with how often. */
export function drawTable(counts: Readonly<Record<string, number>>): string {
	const table = new Table({
		head: ["what", "", "times"],
		colAligns: ["left", "left", "right"],
		style: { head: [], border: [], compact: true },
	});
	for (const [prefix, title] of GROUPS) {
		const names = Object.keys(counts).filter((name) => name.startsWith(prefix));
		for (const name of names.toSorted()) table.push([title, name.slice(prefix.length), counts[name] ?? 0]);
		if (names.length > 1) table.push([title, "in all", names.reduce((sum, name) => sum + (counts[name] ?? 0), 0)]);
	}
	return table.toString();
}
