import type { ParseArgsConfig } from "node:util";

/** For `parseArgs`: what every command knows. */
export const HELP = { help: { type: "boolean", short: "h" } } as const satisfies ParseArgsConfig["options"];

/**
 * Reads what a command was called with. Prints its usage and ends the process with 0 where help is asked for; prints
 * one sentence and ends it with 2 where the call is wrong.
 *
 * @param read throws an Error whose message names the flag and the rule
 */
export function readCommand<T>(usage: string, read: (args: string[]) => T): T {
	const args = process.argv.slice(2);
	if (args.includes("--help") || args.includes("-h")) {
		process.stdout.write(`${usage}\n`);
		process.exit(0);
	}
	try {
		return read(args);
	} catch (error) {
		const [sentence = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
		process.stderr.write(`${sentence}\n`);
		process.exit(2);
	}
}

/** The whole number that a flag or an argument holds. @throws Error naming it and the rule */
export function readWhole(name: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
	if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
	const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
	throw new Error(`${name} must be a whole number ${range}`);
}
