import { carryOut } from "./carry-out.ts";
import { type Call, readCall } from "./cli/call.ts";
import { USAGE } from "./cli/usage.ts";
import { UsageError } from "./cli/usage-error.ts";
import { createScreen } from "./narrate/screen.ts";
import { openWorld } from "./world.ts";

/** The codes that a call ends with, and no others. */
export type ExitCode = 0 | 1 | 2;

/**
 * `npm start`: carries a call out on this machine, through the handlers that run in AWS.
 *
 * @param env of the process, changed into that of the functions
 * @param write to standard output, whose own `write` is taken
 */
export async function main(
	args: readonly string[],
	env: Record<string, string | undefined>,
	write: (text: string) => void,
): Promise<ExitCode> {
	try {
		const call = readCall(args, env);
		if (call.work.kind === "help") {
			write(`${USAGE}\n`);
			return 0;
		}
		return await run(call, env, write);
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

async function run(call: Call, env: Record<string, string | undefined>, write: (text: string) => void) {
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
		return await carryOut(call, world, screen);
	} finally {
		await world.close();
	}
}
