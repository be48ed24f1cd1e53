import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Logger } from "@aws-lambda-powertools/logger";
import { LambdaClient } from "@aws-sdk/client-lambda";
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { createRuns, limitStarts } from "../executions/executions.ts";
import { isGatewayEvent, readGatewayEvent, toGatewayReply } from "../triggers/http/api-gateway.ts";
import { createHookKeys } from "../triggers/http/hook-keys.ts";
import { toProblem, toProblemReply } from "../triggers/http/problem.ts";
import { completed } from "../triggers/http/request.ts";
import { createRouter } from "../triggers/http/router.ts";
import { createTriggerLog, handleTrigger, type TriggerDependencies, type TriggerResult } from "../triggers/receive.ts";
import { readTriggerConfig, type TriggerConfig } from "./config.ts";

/** Where the function writes what it did; it works without a configuration, to tell of a faulty one. */
export const log = createTriggerLog(new Logger({ serviceName: "atlas-snapshots" }));

/** Configuration → what the trigger function works with. */
export function createDependencies(config: TriggerConfig): TriggerDependencies {
	const lambda = new LambdaClient({
		maxAttempts: 3,
		requestHandler: { connectionTimeout: 1500, requestTimeout: 5000, throwOnRequestTimeout: true },
	});
	const unlimited = createRuns(lambda, config.SNAPSHOT_FUNCTION_ARN, Date.now);
	const engine = limitStarts(unlimited, config.REQUEST_LIMITS);
	const secretId = config.WEBHOOK_SECRET_ID;
	const face = createRouter({
		engine,
		stack: config.STACK_NAME,
		...(secretId !== undefined && { hookKeys: createHookKeys(() => readSecret(secretId), Date.now, log.warned) }),
		openapi: readDocument,
		clock: { now: Date.now, pause: (milliseconds) => pause(milliseconds) },
		hear: log.answered,
	});
	const request = config.DEFAULT_REQUEST;
	return {
		face,
		start: engine.start,
		stack: config.STACK_NAME,
		...(request && { defaultRequest: request }),
		hear: log.received,
	};
}

/** Loaded with the first reader only: a start need not read it. */
async function readDocument(): Promise<string> {
	const { default: openapi } = await import("../../docs/openapi.json", { with: { type: "json" } });
	return JSON.stringify(openapi);
}

/** Loaded with the first hook only: most sandboxes never see one, and the client costs 50 ms of their start. */
async function readSecret(secretId: string): Promise<string | undefined> {
	const { readWebhookSecret } = await import("../aws/webhook-secret.ts");
	return readWebhookSecret(secretId);
}

/** Built with the first event: a faulty configuration then fails the invocation, which alarms, not the start. */
let reception: TriggerDependencies | undefined;

/** Called by EventBridge Scheduler, EventBridge rules and API Gateway. */
export const handler = middy<unknown, TriggerResult>({ timeoutEarlyInMillis: 0 })
	.onError(answerFailure)
	.handler(async (event: unknown, context: Context) => {
		reception ??= createDependencies(readTriggerConfig(process.env));
		return handleTrigger(reception, event, Date.now() + remaining(context), isLocal(context));
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
	log.answered({ request, method, route: "none", status: reply.status, error: failed.error });
	failed.response = toGatewayReply(reply);
}
