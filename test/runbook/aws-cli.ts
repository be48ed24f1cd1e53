import * as cloudformation from "@aws-sdk/client-cloudformation";
import * as lambda from "@aws-sdk/client-lambda";
import * as secretsmanager from "@aws-sdk/client-secrets-manager";
import * as sqs from "@aws-sdk/client-sqs";

/** A command that AWS CLI v2 would refuse before it calls AWS. */
export class CommandError extends Error {
	override readonly name = "CommandError";
}

/** What a command asks for. */
export interface Command {
	readonly service: string;
	/** AWS's name of it: `ReceiveMessage`. */
	readonly operation: string;
	/** By AWS's names. Numbers are numbers, lists lists, and anything else text as it was given. */
	readonly input: Readonly<Record<string, unknown>>;
	/** Where the body of `lambda invoke` is written. */
	readonly outfile: string | undefined;
	/** Members that the reply may have. */
	readonly replies: readonly string[];
	/** Whether a blob is taken as it is; by default it is base64. */
	readonly rawBlobs: boolean;
}

const SERVICES: Readonly<Record<string, object>> = { cloudformation, lambda, secretsmanager, sqs };

/** Options of every command, and whether a value follows. `--query` is left out: nothing here evaluates JMESPath. */
const GLOBAL: Readonly<Record<string, boolean>> = {
	output: true,
	region: true,
	profile: true,
	"cli-binary-format": true,
	"no-cli-pager": false,
};

/**
 * Reads a command as AWS CLI v2 does: services, operations and parameters are those of the models in AWS's SDK, spelled
 * as the CLI spells them.
 *
 * @throws CommandError naming what is unknown or missing
 */
export function readCommand(args: readonly string[]): Command {
	const [service = "", command = "", ...rest] = args;
	const own = OWN[`${service} ${command}`];
	const model = SERVICES[service];
	if (own === undefined && model === undefined) throw new CommandError(`no service ${service}`);
	const operation = own ?? operationsOf(model ?? {}).get(command);
	if (operation === undefined) throw new CommandError(`no command ${service} ${command}`);
	const parameters = new Map(operation.input.members.map((member) => [kebab(member.name), member]));
	const input: Record<string, unknown> = {};
	const globals: Record<string, string> = {};
	const positional: string[] = [];
	for (let i = 0; i < rest.length; i++) {
		const word = rest[i] ?? "";
		const name = word.startsWith("--") ? word.slice(2) : undefined;
		const member = parameters.get(name ?? "");
		if (name === undefined) positional.push(word);
		else if (name in GLOBAL) globals[name] = GLOBAL[name] ? valueAt(rest, ++i, word) : "";
		else if (member === undefined) throw new CommandError(`unknown option ${word}`);
		else if (member.name in input) throw new CommandError(`${word} is given twice`);
		else if (member.kind === "list") {
			const values: string[] = [];
			while (i + 1 < rest.length && !rest[i + 1]?.startsWith("--")) values.push(rest[++i] ?? "");
			if (values.length === 0) throw new CommandError(`${word} needs a value`);
			input[member.name] = values;
		} else if (member.kind === "boolean") input[member.name] = true;
		else input[member.name] = typed(member, valueAt(rest, ++i, word));
	}
	const missing = operation.input.required.filter((name) => input[name] === undefined || input[name] === "");
	if (missing.length > 0) throw new CommandError(`missing: ${missing.map((name) => `--${kebab(name)}`).join(", ")}`);
	const isInvoke = service === "lambda" && command === "invoke";
	const wanted = isInvoke ? ["outfile"] : (own?.positional ?? []);
	if (positional.length !== wanted.length) throw new CommandError(`${positional.length} arguments without an option`);
	checkGlobals(globals);
	return {
		service,
		operation: operation.name,
		input: isInvoke ? input : { ...input, ...Object.fromEntries(wanted.map((name, i) => [name, positional[i]])) },
		outfile: isInvoke ? positional[0] : undefined,
		replies: operation.output.members.map(({ name }) => name),
		rawBlobs: globals["cli-binary-format"] === "raw-in-base64-out",
	};
}

function checkGlobals({ output = "json", "cli-binary-format": format = "base64" }: Readonly<Record<string, string>>) {
	if (output !== "json") throw new CommandError("--output: only json is made here");
	if (format !== "base64" && format !== "raw-in-base64-out") throw new CommandError("--cli-binary-format");
}

function valueAt(words: readonly string[], index: number, option: string): string {
	const value = words[index];
	if (value === undefined || value.startsWith("--")) throw new CommandError(`${option} needs a value`);
	return value;
}

function typed({ kind, name }: Member, value: string): string | number {
	if (kind !== "number") return value;
	if (!/^-?\d+$/.test(value)) throw new CommandError(`--${kebab(name)} must be a whole number`);
	return Number(value);
}

interface Member {
	readonly name: string;
	readonly kind: "boolean" | "list" | "number" | "text";
}

interface Structure {
	readonly members: readonly Member[];
	readonly required: readonly string[];
}

interface Operation {
	readonly name: string;
	readonly input: Structure;
	readonly output: Structure;
}

/**
 * Commands of the CLI itself, which no service's model has: those of their options that the documents use, and the names
 * of arguments without an option.
 *
 * @see AWS CLI v2 reference, `s3 cp` and `cloudformation deploy`
 */
const OWN: Readonly<Record<string, Operation & { readonly positional: readonly string[] }>> = {
	"s3 cp": {
		name: "Copy",
		positional: ["source", "destination"],
		input: { members: [{ name: "Recursive", kind: "boolean" }], required: [] },
		output: { members: [], required: [] },
	},
	"cloudformation deploy": {
		name: "Deploy",
		positional: [],
		input: {
			members: [
				...["TemplateFile", "StackName", "S3Bucket", "S3Prefix"].map((name) => ({ name, kind: "text" }) as const),
				...["ParameterOverrides", "Capabilities"].map((name) => ({ name, kind: "list" }) as const),
			],
			required: ["TemplateFile", "StackName"],
		},
		output: { members: [], required: [] },
	},
};

/** The operations of a client by their names in the CLI, out of the schemas that it exports. */
function operationsOf(client: object): ReadonlyMap<string, Operation> {
	const schemas = Object.values(client).filter((value): value is unknown[] => Array.isArray(value));
	const operations = schemas.filter(([kind]) => kind === OPERATION);
	return new Map(
		operations.map(([, , name, , input, output]) => [
			kebab(String(name)),
			{ name: String(name), input: structureOf(input), output: structureOf(output) },
		]),
	);
}

/** Numbers by which Smithy's TypeScript schemas tell their kinds: `StaticOperationSchema` and its like, `@smithy/types`. */
const OPERATION = 9;
const STRUCTURE = 3;
const LIST = 1;
const LIST_OF = 64;
const SCALARS: Readonly<Record<number, Member["kind"]>> = { 1: "number", 2: "boolean" };

/** A structure counts its required members and has them first. */
function structureOf(reference: unknown): Structure {
	const schema = resolve(reference);
	if (!Array.isArray(schema) || schema[0] !== STRUCTURE) return { members: [], required: [] };
	const [, , , , names = [], shapes = [], required = 0] = schema as [
		number,
		string,
		string,
		unknown,
		string[]?,
		unknown[]?,
		number?,
	];
	return {
		members: names.map((name, index) => ({ name, kind: kindOf(shapes[index]) })),
		required: names.slice(0, required),
	};
}

const resolve = (reference: unknown): unknown => (typeof reference === "function" ? reference() : reference);

function kindOf(reference: unknown): Member["kind"] {
	const shape = resolve(reference);
	if (typeof shape === "number") return shape >= LIST_OF && shape < 2 * LIST_OF ? "list" : (SCALARS[shape] ?? "text");
	if (!Array.isArray(shape)) return "text";
	if (shape[0] === LIST) return "list";
	// A member with traits of its own holds its shape first.
	return typeof shape[0] === "number" && shape.length === 2 ? kindOf(shape[0]) : "text";
}

/** As botocore spells parameters: `DurableExecutionArn` → `durable-execution-arn`. */
const kebab = (name: string): string =>
	name
		.replace(/(.)([A-Z][a-z]+)/g, "$1-$2")
		.replace(/([a-z0-9])([A-Z])/g, "$1-$2")
		.toLowerCase();
