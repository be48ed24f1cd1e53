import Table from "cli-table3";
import type { Entry } from "./ledger.ts";
import type { Screen } from "./screen.ts";
import { duration, STATE_STYLE, short } from "./words.ts";

/** The table that closes a call: a row for each target, and below it why a target did not complete. */
export function drawTable(entries: readonly Entry[], screen: Screen): void {
	const head = ["cluster", "state", "provenance", "snapshot", "took", "run"];
	const table = new Table({
		head: head.map((title) => screen.paint("bold", title)),
		style: { head: [], border: [] },
		chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
	});
	for (const { clusterName, state, provenance, snapshotId, durationSeconds, run } of entries) {
		const took = durationSeconds === null ? "-" : duration(durationSeconds);
		const shown = screen.paint(STATE_STYLE[state], state);
		table.push([clusterName, shown, provenance ?? "-", snapshotId ?? "-", took, short(run)]);
	}
	screen.line(`\n${table.toString()}`);
	for (const { clusterName, state, reason } of entries) {
		if (reason)
			screen.line(`${clusterName} ${screen.paint(STATE_STYLE[state], state)}: ${reason.code}: ${reason.message}`);
	}
}
