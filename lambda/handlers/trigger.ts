import { randomUUID } from "node:crypto";
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { readTriggerConfig } from "../config.ts";
import { connect, journal } from "../connect/trigger.ts";
import { isGatewayEvent, readGatewayEvent, toGatewayReply } from "../http/api-gateway.ts";
import { toProblem, toProblemReply } from "../http/problem.ts";
import { completed } from "../http/request.ts";
import { type Received, type Reception, receive } from "../triggers/receive.ts";

/** Built with the first event: a faulty configuration then fails the invocation, which alarms, not the start. */
let reception: Reception | undefined;

/** Called by EventBridge Scheduler, EventBridge rules and API Gateway. */
export const handler = middy<unknown, Received>({ timeoutEarlyInMillis: 0 })
	.onError(answerFailure)
	.handler(async (event: unknown, context: Context) => {
		reception ??= connect(readTriggerConfig(process.env));
		return receive(reception, event, Date.now() + remaining(context), isLocal(context));
	});

/** In AWS the runtime makes the context, and no caller can add to it. */
const isLocal = (context: object | undefined): boolean =>
	context !== undefined && "calledFromTerminal" in context && context.calledFromTerminal === true;

/** Milliseconds; a local caller may have no clock to tell them. */
const remaining = (context: Partial<Context> | undefined): number => context?.getRemainingTimeInMillis?.() ?? 30_000;

/**
 * Answers an HTTP request even where the function could not be set up, as with a faulty configuration. For events the
 * error stays thrown.
 */
function answerFailure(failed: { readonly event: unknown; readonly error: unknown; response: unknown }): void {
	if (!isGatewayEvent(failed.event)) return;
	const { method } = readGatewayEvent(failed.event, 0);
	const { kind, details } = toProblem(failed.error);
	const request = randomUUID();
	const reply = completed(method, toProblemReply(kind, details, request));
	journal.answered({ request, method, route: "none", status: reply.status, error: failed.error });
	failed.response = toGatewayReply(reply);
}
