import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { type Command, CommandError, readCommand } from "./aws-cli.ts";

/** A call that AWS refuses: the CLI prints why and ends with 254. */
export class Refused extends Error {
	override readonly name = "Refused";
}

/** What AWS answers; `payload` is the body of an invocation. */
export interface Reply {
	readonly payload?: string;
	readonly [member: string]: unknown;
}

/** A folder of programs for a shell's PATH: an `aws`, a `sleep` that does not wait, and those of the machine that are named. */
export interface FakeAwsCli extends AsyncDisposable {
	readonly folder: string;
	readonly calls: readonly Command[];
	/** Seconds slept, over all calls. */
	readonly slept: () => number;
}

/**
 * @param answer what AWS answers to a command that the CLI lets through; a blob of it is the text that AWS gets
 * @param programs of the machine
 * @throws Error where the machine has no bash
 */
export async function openFakeAws(
	answer: (command: Command) => Reply | undefined,
	programs: readonly string[],
): Promise<FakeAwsCli> {
	const calls: Command[] = [];
	let slept = 0;
	const server = createServer({ allowHalfOpen: true }, (socket) => {
		let text = "";
		socket.setEncoding("utf8").on("data", (chunk) => {
			text += chunk;
			const [count = "", cwd = "", ...words] = text.split("\0");
			if (text.includes("\0") && words.length > Number(count)) serve(socket, cwd, words.slice(0, Number(count)));
		});
	});
	function serve(socket: Socket, cwd: string, [program, ...args]: readonly string[]): void {
		if (program === "sleep") {
			slept += Number(args[0]);
			return void socket.end("0\n");
		}
		try {
			socket.end(`0\n${call(cwd, args)}`);
		} catch (error) {
			if (!(error instanceof Error)) throw error;
			// 252: the CLI could not read the command; 254: the service refused it.
			socket.end(`${error instanceof CommandError ? 252 : 254}\naws: ${error.message}\n`);
		}
	}
	function call(cwd: string, args: readonly string[]): string {
		const command = withFiles(readCommand(args), cwd);
		calls.push(command);
		const { payload, ...reply } = answer(command) ?? {};
		const unknown = Object.keys(reply).filter((member) => !command.replies.includes(member));
		if (unknown.length > 0) throw new Error(`${command.operation} has no ${unknown.join(", ")} in its reply`);
		const text = Object.keys(reply).length > 0 ? `${JSON.stringify(reply, null, 4)}\n` : "";
		if (command.outfile === "/dev/stdout") return `${payload ?? ""}${text}`;
		if (command.outfile !== undefined) writeFileSync(resolve(cwd, command.outfile), payload ?? "");
		return text;
	}
	await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
	const address = server.address();
	const port = typeof address === "object" && address !== null ? address.port : 0;
	const folder = mkdtempSync(join(tmpdir(), "fake-aws-"));
	for (const program of ["aws", "sleep"]) {
		writeFileSync(join(folder, program), shim(pathOf("bash"), program, port));
		chmodSync(join(folder, program), 0o755);
	}
	for (const program of programs) symlinkSync(pathOf(program), join(folder, program));
	return {
		folder,
		calls,
		slept: () => slept,
		async [Symbol.asyncDispose]() {
			rmSync(folder, { recursive: true });
			await new Promise((closed) => server.close(closed));
		},
	};
}

/** Replaces `file://` and `fileb://` by what the file holds, and blobs by the text that AWS gets. */
function withFiles(command: Command, cwd: string): Command {
	const input = Object.entries(command.input).map(([name, value]) => {
		if (typeof value !== "string") return [name, value];
		const [, kind, path = ""] = /^(fileb?):\/\/(.*)$/s.exec(value) ?? [];
		const text = kind === undefined ? value : readFileSync(resolve(cwd, path), "utf8");
		const isBase64 = command.operation === "Invoke" && name === "Payload" && kind !== "fileb" && !command.rawBlobs;
		return [name, isBase64 ? fromBase64(text) : text];
	});
	return { ...command, input: Object.fromEntries(input) };
}

function fromBase64(text: string): string {
	if (!/^[A-Za-z0-9+/\s]*=*\s*$/.test(text)) throw new CommandError("Invalid base64");
	return Buffer.from(text, "base64").toString();
}

/** Hands its arguments to the test by bash alone, and prints what comes back: a process of Node's for each would be slow. */
const shim = (bash: string, program: string, port: number): string => `#!${bash}
exec 3<>/dev/tcp/127.0.0.1/${port} || exit 255
printf '%s\\0' "$(($# + 1))" "$PWD" ${program} "$@" >&3
IFS= read -r code <&3
IFS= read -rd '' text <&3
if [ "$code" = 0 ]; then printf '%s' "$text"; else printf '%s' "$text" >&2; fi
exit "$code"
`;

/** @throws Error where the machine does not have it */
export function pathOf(program: string): string {
	const found = (process.env["PATH"] ?? "")
		.split(delimiter)
		.map((folder) => join(folder, program))
		.find((path) => isFile(path));
	if (found === undefined) throw new Error(`this machine has no ${program}`);
	return found;
}

function isFile(path: string): boolean {
	try {
		return readFileSync(path).length > 0;
	} catch {
		return false;
	}
}
