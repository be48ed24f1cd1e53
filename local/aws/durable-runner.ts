import { EventEmitter } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import threads from "node:worker_threads";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import type { Event } from "@aws-sdk/client-lambda";
import { skipWaits } from "./skipped-time.ts";

/*
 * The adapter around AWS's local runner. With `skipped-time.ts` it is the only code of the command line that reads the
 * runner's private members: its clock and its running history have no public access.
 */

/** Taken before the runner puts a fake clock in its place. */
const RealDate = Date;

let users = 0;
let isSkippingTime = false;
let stopClock = (): void => {};

/**
 * Sets the runner's environment up. A process has one, which all callers share.
 *
 * @param skipTime the same for all callers
 */
export async function acquireRunner(skipTime: boolean): Promise<void> {
	if (users > 0 && skipTime !== isSkippingTime) throw new Error("the durable runner is in use with another clock");
	users++;
	isSkippingTime = skipTime;
	if (users > 1) return;
	if (!skipTime) return LocalDurableTestRunner.setupTestEnvironment();
	await setUpInThisThread();
	stopClock = skipWaits();
}

export async function releaseRunner(): Promise<void> {
	users--;
	if (users > 0) return;
	stopClock();
	await LocalDurableTestRunner.teardownTestEnvironment();
}

/** The events of an execution so far, oldest first. The runner's public history is available at the end only. */
export function historyOf(runner: LocalDurableTestRunner): readonly Event[] {
	const events: readonly Event[] = runner["operationIndex"].getHistoryEvents();
	return events.toSorted((a, b) => (a.EventId ?? 0) - (b.EventId ?? 0));
}

/**
 * The runner keeps its checkpoints in a worker thread, which has the real clock: its times would not match the fake one.
 * So where time is skipped, that server runs in this thread.
 */
async function setUpInThisThread(): Promise<void> {
	const { Worker } = threads;
	Object.assign(threads, { Worker: ServerInThisThread });
	syncBuiltinESMExports();
	await LocalDurableTestRunner.setupTestEnvironment({ skipTime: true });
	Object.assign(threads, { Worker });
	syncBuiltinESMExports();
}

/** Of an object with this tag the runner makes no copy of its own, which would take ten times as long. */
const COPIED = [Symbol.toStringTag, { value: "Copied" }] as const;

/** What a message that comes from another thread is: a copy, with dates by the real clock's class. */
function copyOf<T>(value: T): T {
	if (typeof value !== "object" || value === null) return value;
	if (Array.isArray(value)) return value.map(copyOf) as T;
	const kind = Object.getPrototypeOf(value) === Object.prototype || Object.prototype.toString.call(value);
	if (kind === "[object Date]") return new RealDate(Number(value)) as T;
	if (kind !== true && kind !== "[object Object]") return value;
	const copy = { ...value };
	for (const key in copy) if (typeof copy[key] === "object") copy[key] = copyOf(copy[key]);
	return copy;
}

let servers = 0;

/** The members of `Worker` that the runner uses, around a module that listens to its `parentPort`. */
class ServerInThisThread extends EventEmitter {
	readonly #port = Object.assign(new EventEmitter(), {
		// Not within the call: the runner would answer before the SDK waits, and move no clock.
		postMessage: ({ data }: { readonly data: object }) =>
			queueMicrotask(() => this.emit("message", { data: Object.defineProperty(copyOf(data), ...COPIED) })),
	});
	readonly #listening: Promise<unknown>;

	constructor(path: string, { workerData }: { readonly workerData: unknown }) {
		super();
		Object.assign(threads, { parentPort: this.#port, workerData });
		syncBuiltinESMExports();
		this.#listening = import(`${path}?server=${servers++}`);
	}

	postMessage(message: unknown): void {
		void this.#listening.then(() => this.#port.emit("message", message));
	}

	unref(): void {}
}
