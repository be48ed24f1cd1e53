import { devNull } from "node:os";
import type { SnapshotEnvironment, TriggerEnvironment } from "../lambda/handlers/config.ts";
import type { FakeAws } from "./aws/index.ts";

type Variables = Record<string, string | undefined>;

/** Names of the secrets in the fake Secrets Manager. */
export const ATLAS_SECRET = "atlas-keys";
export const HOOK_SECRET = "hook-keys";

/** The functions' environment, as the stack sets it: each reads its own part. */
export type FunctionEnvironment = Partial<SnapshotEnvironment & TriggerEnvironment>;

/**
 * Sets this process's environment to that of the functions. Other `AWS_` variables are removed: they could point the SDK
 * at real AWS, with real credentials.
 *
 * @param env is changed
 */
export function setFunctionEnvironment(
	env: Variables,
	{ url, credentials }: Pick<FakeAws, "url" | "credentials">,
	functions: FunctionEnvironment,
): void {
	for (const name of Object.keys(env)) if (name.startsWith("AWS_")) delete env[name];
	const variables = {
		...functions,
		AWS_REGION: "us-east-1",
		AWS_ACCESS_KEY_ID: credentials.accessKeyId,
		AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
		AWS_CONFIG_FILE: devNull,
		AWS_SHARED_CREDENTIALS_FILE: devNull,
		AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
		AWS_ENDPOINT_URL_EVENTBRIDGE: url,
		AWS_ENDPOINT_URL_LAMBDA: url,
	};
	// `process.env` would hold the text "undefined".
	for (const [name, value] of Object.entries(variables)) if (value !== undefined) env[name] = value;
}

/**
 * Silences the logs and metrics that the functions write for CloudWatch, unless a level is set.
 *
 * @param env is changed; before the functions are loaded, because they read it then
 */
export function silenceFunctionLogs(env: Variables): void {
	env["POWERTOOLS_LOG_LEVEL"] ??= "SILENT";
	env["POWERTOOLS_METRICS_DISABLED"] ??= "true";
	// The durable runner refuses to load with a level that it does not know.
	if (!/^(DEBUG|INFO|WARN|ERROR|NONE)$/.test(env["LOG_LEVEL"] ?? "ERROR")) delete env["LOG_LEVEL"];
}
