import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const START = fileURLToPath(new URL("../../local/start.ts", import.meta.url));

interface Ended {
	readonly code: number | null;
	readonly out: string;
	readonly err: string;
}

/** A process of `npm start`, without npm. */
export interface Started extends Disposable {
	readonly ended: Promise<Ended>;
	/** Resolves to what was printed so far to either stream, as soon as it holds the text or the process is over. */
	printed(text: string): Promise<string>;
	/** What Ctrl-C does. */
	interrupt(): void;
}

/** @param input standard input, which then ends */
export function runStartCommand(
	args: readonly string[],
	env: Readonly<Record<string, string>> = {},
	input = "",
): Started {
	const child = spawn(process.execPath, [START, ...args], {
		env: { ...process.env, NO_COLOR: "1", ...env },
		stdio: "pipe",
	});
	child.stdin.end(input);
	let out = "";
	let err = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		out += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		err += text;
	});
	const ended = once(child, "close").then(([code]): Ended => ({ code, out, err }));
	return {
		ended,
		async printed(text) {
			while (!`${out}${err}`.includes(text) && child.exitCode === null)
				await Promise.race([once(child.stdout, "data"), once(child.stderr, "data"), ended]);
			return `${out}${err}`;
		},
		interrupt: () => void child.kill("SIGINT"),
		[Symbol.dispose]: () => void child.kill("SIGKILL"),
	};
}
