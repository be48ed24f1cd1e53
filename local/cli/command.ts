import { type ParseArgsConfig, parseArgs } from "node:util";

/** A call that is wrong: one sentence that names the flag, the variable or the file and the rule. Exit code 2. */
export class UsageError extends Error {
	override readonly name = "UsageError";
}

type Options = NonNullable<ParseArgsConfig["options"]>;
/** What was given, by the flag's name. */
export type FlagsOf<O extends Options> = {
	readonly [K in keyof O]?: O[K] extends { multiple: true }
		? readonly string[]
		: O[K]["type"] extends "boolean"
			? boolean
			: string;
};

/** A command's flags, and the values that follow no flag. */
export interface CommandLine<O extends Options> {
	readonly flags: FlagsOf<O>;
	readonly values: readonly string[];
	/** Whether `--help` or `-h` is among them; then nothing else is checked. */
	readonly help: boolean;
}

/**
 * Reads a command line. A value that begins with a dash must be written `--flag=VALUE`; a lone `-` is a value.
 *
 * @param most values that may stand alone
 * @throws UsageError naming every flag at fault; no value is quoted
 */
export function readFlags<const O extends Options>(args: readonly string[], options: O, most = 0): CommandLine<O> {
	const known: Options = { ...options, help: { type: "boolean", short: "h" } };
	const { tokens, values, positionals } = parseArgs({
		args: [...args],
		options: known,
		strict: false,
		allowPositionals: true,
		tokens: true,
	});
	const given = new Set<string>();
	const faults = tokens.flatMap((token) => {
		if (token.kind !== "option") return [];
		const { name, rawName, value, inlineValue } = token;
		const option = Object.hasOwn(known, name) ? known[name] : undefined;
		const isRepeated = given.has(name) && !option?.multiple;
		given.add(name);
		if (!option) return `${rawName} is not known`;
		if (option.type === "boolean") return value === undefined ? [] : `${rawName} takes no value`;
		if (value === undefined || (!inlineValue && /^-./.test(value))) {
			return `${rawName} needs a value; one that begins with a dash is written ${rawName}=VALUE`;
		}
		if (value === "") return `${rawName} needs a value`;
		return isRepeated ? `${rawName} must be given once` : [];
	});
	if (positionals.length > most) {
		faults.push(most === 0 ? "every value must follow its flag, as in --flag VALUE" : `at most ${most} values`);
	}
	const help = given.has("help");
	if (faults.length > 0 && !help) throw new UsageError(`${[...new Set(faults)].join("; ")}; --help names every flag`);
	return { flags: values as FlagsOf<O>, values: positionals, help };
}

/**
 * Reads what this process was called with. Prints the usage and ends the process with 0 for `--help`; prints one line
 * and ends it with 2 where the call is wrong.
 *
 * @param read checks the flags and makes of them what the command needs; throws UsageError
 */
export function readCommand<const O extends Options, T = FlagsOf<O>>(
	usage: string,
	options: O,
	read: (flags: FlagsOf<O>, values: readonly string[]) => T = (flags) => flags as T,
	most = 0,
): T {
	try {
		const { flags, values, help } = readFlags(process.argv.slice(2), options, most);
		if (!help) return read(flags, values);
	} catch (error) {
		exitWithUsageError(error);
	}
	process.stdout.write(`${usage}\n`);
	process.exit(0);
}

/** Ends the process with 2 after a wrong call. @throws whatever else is thrown */
export function exitWithUsageError(error: unknown): never {
	if (!(error instanceof UsageError)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exit(2);
}

/** The whole number that a flag or a value holds. @throws UsageError naming it and the rule */
export function readWholeNumber(name: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
	if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
	const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
	throw new UsageError(`${name} must be a whole number ${range}`);
}

/** Why a server cannot listen, in words. @returns the error itself where it is about something else */
export function explainListenError(error: unknown, port: number): unknown {
	const code = error instanceof Error && "code" in error ? error.code : undefined;
	const others = "choose another, or leave it out for any that is free";
	if (code === "EADDRINUSE") return new UsageError(`--port ${port} is in use by another program; ${others}`);
	if (code === "EACCES") return new UsageError(`--port ${port} is reserved for the system's administrator; ${others}`);
	return error;
}

/**
 * Calls back once when npm, which started this process, has gone: it hands a signal to the shell between the two, which
 * ends and leaves this process behind. Without npm nothing is watched.
 */
export function onParentExit(env: Readonly<Record<string, string | undefined>>, callBack: () => void): void {
	const parent = process.ppid;
	if (env["npm_lifecycle_event"] === undefined) return;
	const watch = setInterval(() => {
		if (process.ppid === parent) return;
		clearInterval(watch);
		callBack();
	}, 500);
	watch.unref();
}
