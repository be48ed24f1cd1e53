import { randomUUID } from "node:crypto";
import type { Context } from "aws-lambda";
import type { Fed } from "./gateway/reply.ts";

/** Milliseconds that the trigger function has, as the stack gives it. */
const TIMEOUT_MS = 29_000;

/**
 * Calls the trigger function's real handler with an event, as Lambda does.
 *
 * @param calledFromTerminal whether the person at the terminal asks, whom no limits bind
 */
export async function feedTrigger(event: unknown, calledFromTerminal = false): Promise<Fed> {
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
