import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import type { Deployed } from "./deployed-run.ts";
import { ASSUMED } from "./prices.ts";
import { startRuntimeApi } from "./runtime-api.ts";

/** A function in a process of AWS's own runtime client. */
export interface RicProcess extends Deployed {
	/** Milliseconds from the process's start until it asked for its first event. */
	readonly startToNextMs: number;
	/** Milliseconds of each invocation so far. */
	readonly invocationMs: readonly number[];
}

/** Without these the client takes no event. @see Lambda Developer Guide, "Defined runtime environment variables" */
const SANDBOX = {
	AWS_LAMBDA_FUNCTION_NAME: "snapshot",
	AWS_LAMBDA_FUNCTION_VERSION: "1",
	AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(ASSUMED.memory),
	AWS_LAMBDA_LOG_GROUP_NAME: "local",
	AWS_LAMBDA_LOG_STREAM_NAME: "local",
};

/**
 * Runs a deployed bundle under AWS's runtime client, as Lambda's sandbox does: events go there through the Runtime API.
 *
 * @param client path of aws-lambda-ric's `index.mjs`; @param bundle path of the function's `index.mjs`
 * @param env of the process, with the place of Lambda's API; that of the Runtime API is added
 */
export async function startUnderRic(client: string, bundle: string, env: NodeJS.ProcessEnv): Promise<RicProcess> {
	// What is open is closed where the start fails, too.
	await using opened = new AsyncDisposableStack();
	const api = opened.use(await startRuntimeApi());
	const begun = performance.now();
	const child = spawn(process.execPath, [client], {
		// Its log goes to standard output.
		stdio: ["ignore", "ignore", "inherit"],
		env: {
			...env,
			...SANDBOX,
			AWS_LAMBDA_RUNTIME_API: api.address,
			LAMBDA_TASK_ROOT: dirname(bundle),
			_HANDLER: "index.handler",
		},
	});
	const exited = once(child, "exit");
	const died = exited.then(() => Promise.reject(new Error("the process under aws-lambda-ric ended")));
	// It ends with its disposal too, when nobody waits for an event's result.
	died.catch(() => {});
	opened.defer(async () => {
		child.kill();
		await exited;
	});
	await Promise.race([api.started, died]);
	const startToNextMs = performance.now() - begun;
	const kept = opened.move();
	return {
		startToNextMs,
		invocationMs: api.invocationMs,
		handler: (event: unknown) => Promise.race([api.invoke(event), died]),
		[Symbol.asyncDispose]: () => kept.disposeAsync(),
	};
}
