import type { SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { STALE_TOKEN } from "./checkpoint-faults.ts";
import type { Observed } from "./observed.ts";
import type { AtlasTrouble, AwsTrouble, ConnectTrouble, Strike } from "./plan.ts";

/** The name under which a strike is counted. */
export function nameStrike({ point, process, pause }: Strike): string {
	const what = typeof process === "string" ? process : "freezes";
	const then = pause === 0 ? "" : ", and a pause";
	if (point.at === "checkpoint") return `strike: ${what} ${point.when} a checkpoint${then}`;
	if (point.at === "connect") return `strike: ${what} while it connects${then}`;
	return `strike: ${what} with a ${point.kind} on the wire, ${point.carriedOut ? "carried out" : "never arrived"}${then}`;
}

const lengthOf = ({ lasts }: Pick<AwsTrouble, "lasts">): string => ("seconds" in lasts ? ", for long" : "");

/** The name under which a fault of an AWS service is counted. */
export const nameAwsTrouble = (trouble: AwsTrouble): string => {
	const { operation, fault } = trouble;
	const what = fault.do === "fail" && fault.code === STALE_TOKEN.code ? "stale token" : fault.do;
	return `aws ${operation}: ${what}${fault.do === "drop" ? ` ${fault.when}` : ""}${lengthOf(trouble)}`;
};

export const nameConnectTrouble = (trouble: ConnectTrouble): string =>
	`connect: ${trouble.fault.do === "refuse" ? trouble.fault.code : trouble.fault.do}${lengthOf(trouble)}`;

/** The name under which a fault of Atlas is counted. */
export const nameAtlasTrouble = (kind: string, action: AtlasTrouble["action"]): string =>
	`atlas ${kind}: ${describeAction(action)}`;

function describeAction(action: AtlasTrouble["action"]): string {
	switch (action.type) {
		case "drop":
			return `drop ${action.when}`;
		case "html":
			return `html ${action.executed ? "executed" : "not executed"}`;
		case "status":
			return `${action.status < 500 ? action.status : "5xx"}${action.executed ? " executed" : ""}`;
		case "cut":
		case "delay":
		case "garbage":
		case "body":
		case "echo":
		case "interim":
		case "trickle":
		case "grow":
		case "repeat":
		case "contentType":
		case "other snapshot":
		case "late drop":
		case "echo of a secret":
			return action.type;
	}
}

/**
 * What makes two events the same. A process that dies between an accepted event and its checkpoint publishes again; the
 * look that proves a completed snapshot is made anew then, so that the warnings may differ.
 */
export const identify = ({ snapshot: _snapshot, warnings: _warnings, ...change }: SnapshotStateChange): string =>
	JSON.stringify(change);

/** Counts what came of the run. */
export function countOutcome({ runs, events, answers }: Observed, deaths: number, count: (name: string) => void): void {
	for (const { status } of runs) count(`execution ${status}`);
	if (deaths > 0) count("runs that outlived a strike");
	const once = new Set<string>();
	for (const { change } of events) {
		const identity = identify(change);
		if (once.has(identity)) {
			count("event published again after a death or a lost reply");
			continue;
		}
		once.add(identity);
		count(`state ${change.state}`);
		if (change.state === "STARTED") count(`provenance ${change.provenance}`);
	}
	for (const { refused } of answers) if (refused) count("delivery refused");
}

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
	const line = (text: string, count: number) => `  ${text.padEnd(WIDTH)} ${String(count).padStart(7)}`;
	return GROUPS.flatMap(([prefix, title]) => {
		const names = Object.keys(counts).filter((name) => name.startsWith(prefix));
		if (names.length === 0) return [];
		const lines = names.toSorted().map((name) => line(name.slice(prefix.length), counts[name] ?? 0));
		const all = names.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
		return [title, ...lines, ...(names.length > 1 ? [line("in all", all)] : [])];
	}).join("\n");
}

/** Columns of a name: with its count it fits a terminal of 80. */
const WIDTH = 68;
