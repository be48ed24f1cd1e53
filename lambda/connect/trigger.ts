import { setTimeout as pause } from "node:timers/promises";
import { Logger } from "@aws-lambda-powertools/logger";
import { LambdaClient } from "@aws-sdk/client-lambda";
import type { TriggerConfig } from "../config.ts";
import { createEngine, limitStarts } from "../engine/engine.ts";
import { createFace } from "../http/face.ts";
import { createHookKeys } from "../http/hook-keys.ts";
import { createJournal } from "../triggers/journal.ts";
import type { Reception } from "../triggers/receive.ts";

/** Where the function writes what it did; it works without a configuration, to tell of a faulty one. */
export const journal = createJournal(new Logger({ serviceName: "atlas-snapshots" }));

/** Configuration → what the trigger function works with. */
export function connect(config: TriggerConfig): Reception {
	const lambda = new LambdaClient({
		maxAttempts: 3,
		requestHandler: { connectionTimeout: 1500, requestTimeout: 5000, throwOnRequestTimeout: true },
	});
	const unlimited = createEngine(lambda, config.SNAPSHOT_FUNCTION_ARN, Date.now);
	const engine = limitStarts(unlimited, config.REQUEST_LIMITS);
	const secretId = config.WEBHOOK_SECRET_ID;
	const face = createFace({
		engine,
		stack: config.STACK_NAME,
		...(secretId !== undefined && { hookKeys: createHookKeys(() => readSecret(secretId), Date.now, journal.warned) }),
		openapi: readDocument,
		clock: { now: Date.now, pause: (milliseconds) => pause(milliseconds) },
		hear: journal.answered,
	});
	const request = config.DEFAULT_REQUEST;
	return {
		face,
		start: engine.start,
		stack: config.STACK_NAME,
		...(request && { defaultRequest: request }),
		hear: journal.received,
	};
}

/** Loaded with the first reader only: a start need not read it. */
async function readDocument(): Promise<string> {
	const { default: openapi } = await import("../../docs/openapi.json", { with: { type: "json" } });
	return JSON.stringify(openapi);
}

/** Loaded with the first hook only: most sandboxes never see one, and the client costs 50 ms of their start. */
async function readSecret(secretId: string): Promise<string | undefined> {
	const { readWebhookSecret } = await import("./webhook-secret.ts");
	return readWebhookSecret(secretId);
}
