import { parseArgs } from "node:util";
import { HELP } from "./read-command.ts";
import { UsageError } from "./usage-error.ts";

const OPTIONS = {
	json: { type: "boolean" },
	...HELP,
	project: { type: "string" },
	cluster: { type: "string", multiple: true },
	all: { type: "boolean" },
	tag: { type: "string", multiple: true },
	"retention-days": { type: "string" },
	description: { type: "string" },
	"on-conflict": { type: "string" },
	"deadline-minutes": { type: "string" },
	"minimum-age-minutes": { type: "string" },
	"atlas-url": { type: "string" },
	event: { type: "string" },
	"poll-seconds": { type: "string" },
	serve: { type: "boolean" },
	port: { type: "string" },
	iam: { type: "boolean" },
} as const;

export type Flags = ReturnType<typeof parse>["values"];

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS, tokens: true, strict: true });

/** @throws UsageError naming the flag; no value is quoted */
export function readFlags(args: readonly string[]): Flags {
	const { values, tokens } = attempt(() => parse(args));
	const given = tokens.filter((token) => token.kind === "option").map(({ name }) => name);
	const repeated = given.find((name, index) => given.indexOf(name) < index && !isRepeatable(name));
	if (repeated !== undefined) throw new UsageError(`--${repeated} must be given once`);
	return values;
}

const isRepeatable = (name: string): boolean => name === "cluster" || name === "tag";

function attempt<T>(read: () => T): T {
	try {
		return read();
	} catch (error) {
		throw new UsageError(sentence(error));
	}
}

/** Node's own sentences quote what was given, and advise on what this command does not take. */
function sentence(error: unknown): string {
	const { code, message } = error instanceof Error && "code" in error ? error : { code: "", message: "" };
	const flag = /'(-[^' =]*)/.exec(message)?.[1] ?? "a flag";
	switch (code) {
		case "ERR_PARSE_ARGS_UNKNOWN_OPTION":
			return `${flag} is not known; --help names every flag`;
		case "ERR_PARSE_ARGS_INVALID_OPTION_VALUE":
			if (message.includes("does not take an argument")) return `${flag} takes no value`;
			return `${flag} needs a value; one that begins with a dash is written ${flag}=VALUE`;
		case "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL":
			return "every value must follow its flag, as in --cluster NAME";
		default:
			return "the flags cannot be read; --help names them";
	}
}
