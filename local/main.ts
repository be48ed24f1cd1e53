import { UsageError } from "./cli/command.ts";
import { USAGE } from "./cli/flags.ts";
import { readStartOptions, type StartOptions } from "./cli/start-options.ts";
import type { OnLog } from "./function-logs.ts";
import { runLocally } from "./run-locally.ts";
import { whenAborted } from "./serve.ts";
import { startServices } from "./services.ts";
import { createScreen } from "./terminal/screen.ts";

export type ExitCode = 0 | 1 | 2 | 130;

/**
 * `npm start`: runs snapshot requests on this machine, through the handlers that run in AWS.
 *
 * @param env of the process, changed into that of the functions
 * @param write to standard output, whose own `write` is replaced
 * @param onLog the functions' logs
 * @param ended aborted by a signal, whose name is the reason
 */
export async function main(
	args: readonly string[],
	env: Record<string, string | undefined>,
	write: (text: string) => void,
	onLog: OnLog,
	ended: AbortSignal,
): Promise<ExitCode> {
	try {
		const call = await Promise.race([readStartOptions(args, env), whenAborted(ended)]);
		if (!call) return 130;
		if (call.work.kind === "help") {
			write(`${USAGE}\n`);
			return 0;
		}
		return await run(call, env, write, onLog, ended);
	} catch (error) {
		if (error instanceof UsageError) {
			process.stderr.write(`${error.message}\n`);
			return 2;
		}
		const name = error instanceof Error ? error.name : "Error";
		process.stderr.write(`the local run ended unexpectedly (${name}); this is a defect of it\n`);
		return 1;
	}
}

async function run(
	call: StartOptions,
	env: Record<string, string | undefined>,
	write: (text: string) => void,
	onLog: OnLog,
	ended: AbortSignal,
): Promise<ExitCode> {
	const screen = call.json
		? createScreen(process.stderr, (text) => process.stderr.write(text))
		: createScreen(process.stdout, write);
	const services = await startServices(call, env);
	if (call.json) {
		services.aws.onEvent(({ source, "detail-type": type, detail }) =>
			write(`${JSON.stringify({ source, "detail-type": type, detail })}\n`),
		);
	}
	try {
		return await runLocally(call, services, screen, onLog, ended);
	} finally {
		await services.close();
	}
}
