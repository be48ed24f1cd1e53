import { randomUUID } from "node:crypto";
import type { Context } from "aws-lambda";
import { isRecord, parseJson } from "../lambda/domain/json.ts";
import { isReply, readFunctionReply, type TriggerOutcome } from "./gateway/event.ts";

/** Milliseconds that the trigger function has, as the stack gives it. */
const TIMEOUT_MS = 29_000;

/**
 * Calls the trigger function's real handler with an event, as Lambda does.
 *
 * @param calledFromTerminal the request comes from the command line: no limits apply
 */
export async function invokeTrigger(event: unknown, calledFromTerminal = false): Promise<TriggerOutcome> {
	// Only now, because what the handler's module loads reads the environment.
	const { handler } = await import("../lambda/handlers/trigger.ts");
	try {
		return { returned: await handler(event, context(Date.now() + TIMEOUT_MS, calledFromTerminal)) };
	} catch (error) {
		return { error };
	}
}

const context = (deadline: number, calledFromTerminal: boolean): Context & { calledFromTerminal: boolean } => ({
	calledFromTerminal,
	callbackWaitsForEmptyEventLoop: false,
	functionName: "trigger",
	functionVersion: "1",
	invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:trigger:live",
	memoryLimitInMB: "256",
	awsRequestId: randomUUID(),
	logGroupName: "/aws/lambda/trigger",
	logStreamName: "local",
	getRemainingTimeInMillis: () => deadline - Date.now(),
	done() {},
	fail() {},
	succeed() {},
});

/** The outcome of an invocation, for the terminal. */
export interface OutcomeDescription {
	/** `wrong`: the event is at fault. */
	readonly kind: "accepted" | "wrong" | "failed";
	readonly text: string;
}

/** Errors of the trigger that say what is wrong with the event. */
const WRONG = new Set(["REQUEST_INVALID", "EVENT_INVALID", "NOT_ALLOWED", "RUN_NAME_TAKEN"]);

export function describeOutcome(outcome: TriggerOutcome): OutcomeDescription {
	if ("error" in outcome) {
		const { name, message } = outcome.error instanceof Error ? outcome.error : new Error("the trigger failed");
		return { kind: WRONG.has(name) ? "wrong" : "failed", text: message };
	}
	if (!isReply(outcome.returned)) {
		const run = isRecord(outcome.returned) ? outcome.returned["run"] : undefined;
		return { kind: "accepted", text: `run ${String(run)} started` };
	}
	const { status, headers, body } = readFunctionReply(outcome.returned);
	const read = parseJson(body.toString("utf8"));
	const { detail, status: state } = isRecord(read) ? read : {};
	if (status >= 400) {
		const why = typeof detail === "string" ? detail : "no reason given";
		return { kind: status < 500 ? "wrong" : "failed", text: `HTTP ${status}: ${why}` };
	}
	const { location } = headers;
	if (location !== undefined) return { kind: "accepted", text: `HTTP ${status}, Location: ${location}` };
	return { kind: "accepted", text: `HTTP ${status}${typeof state === "string" ? `: ${state}` : ""}` };
}
