import type { Fed } from "./gateway/reply.ts";
import { isReply, readReply } from "./gateway/reply.ts";
import { isRecord, parseJson } from "./json.ts";

/** What the trigger made of an event. */
export type Judged =
	| { readonly kind: "taken"; readonly text: string }
	/** `wrong`: the event's fault. */
	| { readonly kind: "wrong" | "failed"; readonly text: string };

/** Errors of the trigger that say what is wrong with the event. */
const WRONG = new Set(["REQUEST_INVALID", "EVENT_INVALID", "NOT_ALLOWED", "RUN_NAME_TAKEN"]);

export function judge(fed: Fed): Judged {
	if ("error" in fed) {
		const { name, message } = fed.error instanceof Error ? fed.error : new Error("the trigger failed");
		return { kind: WRONG.has(name) ? "wrong" : "failed", text: message };
	}
	if (!isReply(fed.returned)) {
		const run = isRecord(fed.returned) ? fed.returned["run"] : undefined;
		return { kind: "taken", text: `run ${String(run)} started` };
	}
	const { status, headers, body } = readReply(fed.returned);
	const told = parseJson(body.toString("utf8"));
	if (status >= 400) return { kind: status < 500 ? "wrong" : "failed", text: `HTTP ${status}: ${detailOf(told)}` };
	const { location } = headers;
	if (location !== undefined) return { kind: "taken", text: `HTTP ${status}, Location: ${location}` };
	const state = isRecord(told) && typeof told["status"] === "string" ? `: ${told["status"]}` : "";
	return { kind: "taken", text: `HTTP ${status}${state}` };
}

const detailOf = (problem: unknown): string =>
	isRecord(problem) && typeof problem["detail"] === "string" ? problem["detail"] : "no reason given";
