import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Logger } from "@aws-lambda-powertools/logger";
import { LambdaClient } from "@aws-sdk/client-lambda";
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { createRuns, withRequestLimits } from "../executions/runs.ts";
import { handleTrigger, type TriggerDependencies, type TriggerResult } from "../triggers/handle-trigger.ts";
import { isGatewayEvent, readGatewayEvent, toGatewayReply } from "../triggers/http/api-gateway.ts";
import { createHookKeys } from "../triggers/http/hook-keys.ts";
import { toProblemReply } from "../triggers/http/problem.ts";
import { finalizeReply } from "../triggers/http/request.ts";
import { createRouter } from "../triggers/http/router.ts";
import { createTriggerLog } from "../triggers/trigger-log.ts";
import { readTriggerConfig, type TriggerConfig } from "./config.ts";

/** Created at load, so that configuration errors can be logged. */
const log = createTriggerLog(new Logger({ serviceName: "atlas-snapshots" }));

/** Created with the first event: a faulty configuration fails the invocation, which raises an alarm. */
let dependencies: TriggerDependencies | undefined;

/** Called by EventBridge Scheduler, EventBridge rules and API Gateway. */
export const handler = middy<unknown, TriggerResult>({ timeoutEarlyInMillis: 0 })
	.onError(replyToFailure)
	.handler(async (event: unknown, context?: LambdaContext) => {
		dependencies ??= createDependencies(readTriggerConfig(process.env));
		const replyBy = Date.now() + (context?.getRemainingTimeInMillis?.() ?? 30_000);
		return handleTrigger(dependencies, event, { replyBy, isLocal: context?.calledFromTerminal === true });
	});

/** `calledFromTerminal` is set by `npm start` only: in AWS the runtime makes the context, and no caller can add to it. */
type LambdaContext = Partial<Context> & { readonly calledFromTerminal?: boolean };

function createDependencies(config: TriggerConfig): TriggerDependencies {
	const lambda = new LambdaClient({
		maxAttempts: 3,
		requestHandler: { connectionTimeout: 1500, requestTimeout: 5000, throwOnRequestTimeout: true },
	});
	const runs = withRequestLimits(createRuns(lambda, config.SNAPSHOT_FUNCTION_ARN, Date.now), config.REQUEST_LIMITS);
	const secretId = config.WEBHOOK_SECRET_ID;
	const stack = config.STACK_NAME;
	const router = createRouter({
		runs,
		stack,
		hookKeys: secretId === undefined ? undefined : createHookKeys(() => readSecret(secretId), Date.now, log.warning),
		openapi: readOpenApi,
		clock: { now: Date.now, pause: (milliseconds) => pause(milliseconds) },
		onReply: (answered) => log.request(answered),
	});
	return { router, runs, stack, defaultRequest: config.DEFAULT_REQUEST, onEvent: (event) => log.event(event) };
}

/** Loaded with the first request for it. */
async function readOpenApi(): Promise<string> {
	const { default: openapi } = await import("../../docs/openapi.json", { with: { type: "json" } });
	return JSON.stringify(openapi);
}

/** Loaded with the first hook: the client adds 50 ms to a cold start, and most processes never receive a hook. */
async function readSecret(secretId: string): Promise<string | undefined> {
	const { readWebhookSecret } = await import("../aws/webhook-secret.ts");
	return readWebhookSecret(secretId);
}

/** Replies to an HTTP request when the configuration is faulty. For events the error is thrown. */
function replyToFailure(failed: { readonly event: unknown; readonly error: unknown; response: unknown }): void {
	if (!isGatewayEvent(failed.event)) return;
	const { method } = readGatewayEvent(failed.event, 0);
	const request = randomUUID();
	const reply = finalizeReply(method, toProblemReply(failed.error, request));
	log.request({ request, method, route: "none", status: reply.status, error: failed.error });
	failed.response = toGatewayReply(reply);
}
