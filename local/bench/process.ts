import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Milliseconds after which a child is given up. */
const LONGEST_MS = 120_000;

/** Path of a child's source beside this file. */
export const childPath = (name: string): string => fileURLToPath(new URL(`./children/${name}`, import.meta.url));

/** Runs a child of this folder to its end. @returns what it wrote, read as JSON */
export async function runChild<T>(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<T> {
	const options = { env: { PATH: process.env["PATH"], ...env }, maxBuffer: 2 ** 26, timeout: LONGEST_MS };
	const { stdout } = await run(process.execPath, ["--no-warnings", childPath(name), ...args], options);
	return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

/** A child of this folder that serves until it is disposed of. */
export interface Serving<T> extends AsyncDisposable {
	/** The first line that it wrote, read as JSON. */
	readonly hello: T;
}

export async function serveChild<T>(name: string, args: readonly string[] = []): Promise<Serving<T>> {
	const options: SpawnOptions = { stdio: ["pipe", "pipe", "inherit"] };
	const child: ChildProcess = spawn(process.execPath, ["--no-warnings", childPath(name), ...args], options);
	const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
	const lines = child.stdout && createInterface(child.stdout);
	const first = await new Promise<string>((resolve, reject) => {
		lines?.once("line", resolve);
		child.once("exit", () => reject(new Error(`${name} ended before it served`)));
	});
	return {
		hello: JSON.parse(first),
		async [Symbol.asyncDispose]() {
			child.stdin?.end();
			await ended;
		},
	};
}
