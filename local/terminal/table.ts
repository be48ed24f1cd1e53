import Table from "cli-table3";
import { duration, type Screen, STATE_STYLE, short } from "./screen.ts";
import type { TargetView } from "./targets.ts";

const COLUMNS: readonly (readonly [title: string, cell: (target: TargetView) => string])[] = [
	["cluster", ({ clusterName }) => clusterName],
	["state", ({ state }) => state],
	["provenance", ({ provenance }) => provenance ?? "-"],
	["snapshot", ({ snapshotId }) => snapshotId ?? "-"],
	["took", ({ durationSeconds }) => (durationSeconds === null ? "-" : duration(durationSeconds))],
	["run", ({ run }) => short(run)],
];

/**
 * The table that closes a call: a row for each target, and below it why a target did not complete. Where the terminal is
 * too narrow, the run and then the provenance are left out, and at last the clusters' names are cut.
 */
export function printTargets(targets: readonly TargetView[], screen: Screen): void {
	const widthOf = ([title, cell]: (typeof COLUMNS)[number]) =>
		3 + Math.max(title.length, ...targets.map((target) => cell(target).length));
	const tooMuch = (columns: typeof COLUMNS) =>
		1 + columns.reduce((sum, column) => sum + widthOf(column), 0) - screen.columns();
	let columns = COLUMNS;
	for (const dispensable of ["run", "provenance"]) {
		if (tooMuch(columns) > 0) columns = columns.filter(([title]) => title !== dispensable);
	}
	const [cluster] = COLUMNS;
	const clusterWidth = (cluster ? widthOf(cluster) : 0) - 1 - Math.max(0, tooMuch(columns));
	const table = new Table({
		head: columns.map(([title]) => screen.paint("bold", title)),
		style: { head: [], border: [] },
		chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
		colWidths: [Math.max(8, clusterWidth)],
	});
	for (const target of targets) {
		const paint = (title: string, text: string) =>
			title === "state" ? screen.paint(STATE_STYLE[target.state], text) : text;
		table.push(columns.map(([title, cell]) => paint(title, cell(target))));
	}
	screen.line("");
	for (const line of table.toString().split("\n")) screen.line(line);
	for (const { clusterName, state, reason } of targets) {
		if (!reason) continue;
		screen.line(`${clusterName} ${screen.paint(STATE_STYLE[state], state)}: ${reason.code}: ${reason.message}`, 2);
	}
}
