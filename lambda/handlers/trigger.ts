import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { readTriggerConfig } from "../config.ts";
import { connect, journal } from "../connect/trigger.ts";
import { answerFailure } from "../http/answer-failure.ts";
import { type Received, type Reception, receive } from "../triggers/receive.ts";

/** Built with the first event: a faulty configuration then fails the invocation, which alarms, not the start. */
let reception: Reception | undefined;

/** Called by EventBridge Scheduler, EventBridge rules and API Gateway. */
export const handler = middy<unknown, Received>({ timeoutEarlyInMillis: 0 })
	.onError(answerFailure(journal.answered))
	.handler(async (event: unknown, context: Context) => {
		reception ??= connect(readTriggerConfig(process.env));
		return receive(reception, event, Date.now() + remaining(context), isLocal(context));
	});

/** In AWS the runtime makes the context, and no caller can add to it. */
const isLocal = (context: object | undefined): boolean =>
	context !== undefined && "calledFromTerminal" in context && context.calledFromTerminal === true;

/** Milliseconds; a local caller may have no clock to tell them. */
const remaining = (context: Partial<Context> | undefined): number => context?.getRemainingTimeInMillis?.() ?? 30_000;
