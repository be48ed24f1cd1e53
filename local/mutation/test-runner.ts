import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Job, Reply } from "./worker.ts";

/** Runs test files of a copy in a process of its own, which is ended and started anew when a run exceeds its time. */
export class TestRunner {
	readonly #args: readonly string[];
	#child: ChildProcess | undefined;
	/** The end of what it wrote. */
	#stderr = "";

	/**
	 * @param isolated whether each test file gets a process of its own
	 * @param setupFiles of the copy, which run before each test file
	 */
	constructor(root: string, isolated: boolean, setupFiles: readonly string[]) {
		this.#args = [root, isolated ? "isolated" : "together", ...setupFiles, join(import.meta.dirname, "setup.ts")];
	}

	/** @returns undefined where the time was over */
	async run(job: Job, limitMs: number): Promise<Reply | undefined> {
		this.#child ??= this.#start();
		const child = this.#child;
		const over = new AbortController();
		const timer = setTimeout(() => over.abort(), limitMs);
		try {
			child.send(job);
			const gone = once(child, "exit", { signal: over.signal }).then(() => {
				throw new Error(`the process that runs ${job.files[0]?.file} has ended: ${this.#stderr}`);
			});
			const [reply] = (await Promise.race([once(child, "message", { signal: over.signal }), gone])) as [Reply];
			return reply;
		} catch (error) {
			if (!over.signal.aborted) throw error;
			await this[Symbol.asyncDispose]();
			return undefined;
		} finally {
			clearTimeout(timer);
			over.abort();
		}
	}

	#start(): ChildProcess {
		const child = fork(join(import.meta.dirname, "worker.ts"), this.#args, {
			execArgv: [],
			detached: true,
			env: { ...process.env, NODE_NO_WARNINGS: "1" },
			stdio: ["ignore", "ignore", "pipe", "ipc"],
		});
		// What the tested code logs is of no use, unless the process itself breaks.
		child.stderr?.setEncoding("utf8").on("data", (text: string) => {
			this.#stderr = (this.#stderr + text).slice(-2000);
		});
		return child;
	}

	/** Ends the process and those that it started: a loop without end answers no request. */
	async [Symbol.asyncDispose](): Promise<void> {
		const child = this.#child;
		this.#child = undefined;
		if (child?.pid === undefined || child.exitCode !== null) return;
		const gone = once(child, "exit");
		process.kill(-child.pid, "SIGKILL");
		await gone;
	}
}
