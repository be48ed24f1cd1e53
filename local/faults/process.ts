import { AsyncLocalStorage } from "node:async_hooks";

const current = new AsyncLocalStorage<LambdaProcess>();

/** The process whose code runs now, if any. */
export const currentProcess = (): LambdaProcess | undefined => current.getStore();

/** Runs work that belongs to no process, though one of them asks for it. */
export const outsideProcesses = <T>(work: () => T): T => current.exit(work);

let created = 0;

/**
 * One execution environment of the durable function. All environments of a campaign share a Node.js process: what
 * belongs to one of them is known by the asynchronous context. Where one is frozen, its timers and its sockets wait;
 * where it is dead, they never come.
 */
export class LambdaProcess {
	readonly id = created++;
	/** Milliseconds by which its clock is wrong. */
	skew = 0;
	#state: "running" | "frozen" | "dead" = "running";
	readonly #waiting: (() => void)[] = [];

	get isRunning(): boolean {
		return this.#state === "running";
	}

	/** Runs work as this process's own. */
	run<T>(work: () => T): T {
		return current.run(this, work);
	}

	/** Lets something happen to the process: now, when it is thawed, or never. */
	whenRunning(event: () => void): void {
		if (this.#state === "running") this.run(event);
		else if (this.#state === "frozen") this.#waiting.push(event);
	}

	freeze(): void {
		if (this.#state === "running") this.#state = "frozen";
	}

	thaw(): void {
		if (this.#state !== "frozen") return;
		this.#state = "running";
		for (const event of this.#waiting.splice(0)) this.whenRunning(event);
	}

	kill(): void {
		this.#state = "dead";
		this.#waiting.length = 0;
	}

	/** Resolves when the process runs. */
	running(): Promise<void> {
		return new Promise((resolve) => this.whenRunning(resolve));
	}
}
