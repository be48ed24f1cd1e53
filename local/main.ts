import { carryOut } from "./carry-out.ts";
import { type Call, readCall } from "./cli/call.ts";
import { USAGE } from "./cli/usage.ts";
import { UsageError } from "./cli/usage-error.ts";
import { whenAborted } from "./keep-serving.ts";
import { createScreen } from "./narrate/screen.ts";
import { openWorld } from "./world.ts";

/** The codes that a call ends with, and no others. */
export type ExitCode = 0 | 1 | 2 | 130;

/**
 * `npm start`: carries a call out on this machine, through the handlers that run in AWS.
 *
 * @param env of the process, changed into that of the functions
 * @param write to standard output, whose own `write` is taken
 * @param ended from outside, with the name of the signal as its reason
 */
export async function main(
	args: readonly string[],
	env: Record<string, string | undefined>,
	write: (text: string) => void,
	ended: AbortSignal,
): Promise<ExitCode> {
	try {
		const call = await Promise.race([readCall(args, env), whenAborted(ended)]);
		if (!call) return 130;
		if (call.work.kind === "help") {
			write(`${USAGE}\n`);
			return 0;
		}
		return await run(call, env, write, ended);
	} catch (error) {
		if (error instanceof UsageError) {
			process.stderr.write(`${error.message}\n`);
			return 2;
		}
		const name = error instanceof Error ? error.name : "Error";
		process.stderr.write(`the local run broke off (${name}); this is a defect of it\n`);
		return 1;
	}
}

async function run(
	call: Call,
	env: Record<string, string | undefined>,
	write: (text: string) => void,
	ended: AbortSignal,
): Promise<ExitCode> {
	const screen = call.json
		? createScreen(process.stderr, (text) => process.stderr.write(text))
		: createScreen(process.stdout, write);
	const world = await openWorld(call, env);
	if (call.json) {
		world.aws.onEvent(({ source, "detail-type": type, detail }) =>
			write(`${JSON.stringify({ source, "detail-type": type, detail })}\n`),
		);
	}
	try {
		return await carryOut(call, world, screen, ended);
	} finally {
		await world.close();
	}
}
