import { EventEmitter } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import threads from "node:worker_threads";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { hasRequestsInFlight, pauseClockWhileInFlight } from "./calm-clock.ts";

/** AWS's local runner has one environment in a process; whoever needs it shares it. */
let users = 0;
let skipping = false;

/** @param skipTime the same for all who share it */
export async function acquireRunner(skipTime: boolean): Promise<void> {
	if (users > 0 && skipTime !== skipping) throw new Error("the durable runner is in use with another clock");
	users++;
	skipping = skipTime;
	if (users > 1) return;
	if (!skipTime) return LocalDurableTestRunner.setupTestEnvironment();
	const { setInterval: realSetInterval, setTimeout: realSetTimeout } = globalThis;
	const { now: realNow } = Date;
	await setUpInThisThread();
	pauseClockWhileInFlight(realNow, realSetTimeout);
	// The runner moves its clock to the end of a wait only while some timer is pending: here one always is.
	setInterval(() => {}, 2 ** 31 - 1);
	hurry(realSetInterval);
}

export async function releaseRunner(): Promise<void> {
	users--;
	if (users > 0) return;
	clearHurry();
	await LocalDurableTestRunner.teardownTestEnvironment();
}

let clearHurry = (): void => {};

/**
 * The durable SDK rests for 20 ms at every checkpoint, by the fake clock: that one runs so much faster, but no faster
 * than the real one while requests are under way.
 */
function hurry(realSetInterval: typeof setInterval): void {
	const clock: { tick(milliseconds: number): void } | undefined = LocalDurableTestRunner["fakeClock"];
	const interval = realSetInterval(() => clock?.tick(hasRequestsInFlight() ? 1 : 20), 1);
	clearHurry = () => realClearInterval(interval);
}

const realClearInterval = clearInterval;

/**
 * The runner keeps its checkpoints in a thread, which knows only the real clock: the ends of waits that it tells would
 * not add up on ours. So where time is skipped its server runs in this thread instead, on the same clock.
 */
async function setUpInThisThread(): Promise<void> {
	const { Worker } = threads;
	Object.assign(threads, { Worker: ServerInThisThread });
	syncBuiltinESMExports();
	await LocalDurableTestRunner.setupTestEnvironment({ skipTime: true });
	Object.assign(threads, { Worker });
	syncBuiltinESMExports();
}

/** What the runner needs of a `Worker`, around a module that listens to its `parentPort`. */
class ServerInThisThread extends EventEmitter {
	readonly #port = Object.assign(new EventEmitter(), {
		// Never within the call, as from a thread: the runner would answer before the SDK waits, and move no clock. Whoever
		// hears it makes a copy of its own.
		postMessage: (message: unknown) => queueMicrotask(() => this.emit("message", message)),
	});
	readonly #listening: Promise<unknown>;

	constructor(path: string, { workerData }: { readonly workerData: unknown }) {
		super();
		Object.assign(threads, { parentPort: this.#port, workerData });
		syncBuiltinESMExports();
		this.#listening = import(`${path}?server=${servers++}`);
	}

	postMessage(message: unknown): void {
		const copy = message;
		void this.#listening.then(() => this.#port.emit("message", copy));
	}

	unref(): void {}
}

let servers = 0;
