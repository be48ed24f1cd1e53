import { identify, type Observed } from "./judge.ts";
import type { AtlasTrouble, AwsTrouble, Kill } from "./plan.ts";

const DEATHS = {
	before: "which the engine never got",
	after: "whose reply was lost",
	refused: "which the engine refused",
} as const;

/** The name under which a death is counted. */
export const nameKill = (kill: Kill): string =>
	kill.at === "checkpoint"
		? `kill: at a checkpoint, ${DEATHS[kill.how]}`
		: `kill: with a ${kill.kind} on the wire, ${kill.carriedOut ? "carried out" : "never arrived"}`;

/** The name under which a fault of an AWS service is counted. */
export const nameAwsTrouble = ({ operation, fault }: AwsTrouble): string =>
	`aws ${operation}: ${fault.do}${fault.do === "drop" ? ` ${fault.when}` : ""}`;

/** The name under which a fault of Atlas is counted. */
export const nameAtlasTrouble = ({ kind, action }: AtlasTrouble): string => `atlas ${kind}: ${describeAction(action)}`;

function describeAction(action: AtlasTrouble["action"]): string {
	switch (action.type) {
		case "drop":
			return `drop ${action.when}`;
		case "html":
			return `html ${action.executed ? "executed" : "not executed"}`;
		case "status":
			return action.status < 500 ? String(action.status) : `5xx ${action.executed ? "executed" : "not executed"}`;
		case "cut":
		case "delay":
		case "garbage":
		case "body":
		case "echo":
		case "interim":
		case "grow":
		case "repeat":
		case "contentType":
			return action.type;
	}
}

/** Counts what came of the run. */
export function tell({ runs: told, events, answers }: Observed, deaths: number, count: (name: string) => void): void {
	for (const { status } of told) count(`execution ${status}`);
	if (deaths > 0) count("runs that outlived a kill");
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
