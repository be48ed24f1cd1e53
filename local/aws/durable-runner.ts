import { subscribe } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import threads from "node:worker_threads";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";

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

/** Milliseconds of real time without any request sent or answered, after which those under way are taken to hang. */
const PATIENCE = 2_000;

interface CheckpointApi {
	updateCheckpointData(...input: unknown[]): Promise<unknown>;
}

/** Requests under way, those of undici and those of the AWS SDK. */
const underWay = new Set<unknown>();
/** By the real clock: when the last of them was sent or answered. */
let lastChange = 0;
let realNow = Date.now;
const onChange = (names: readonly string[], change: (request: unknown) => void) => {
	for (const name of names) {
		subscribe(name, (message) => {
			change((message as { readonly request: unknown }).request);
			lastChange = realNow();
		});
	}
};
onChange(["undici:request:create", "http.client.request.start"], (request) => underWay.add(request));
onChange(
	["undici:request:trailers", "undici:request:error", "http.client.response.finish", "http.client.request.error"],
	(request) => underWay.delete(request),
);

/** Whether requests are under way that are still being answered: one that hangs must not stop the clock for good. */
const hasRequestsInFlight = (): boolean => underWay.size > 0 && realNow() - lastChange < PATIENCE;

/**
 * Lets skipped waits spare the requests under way. The runner moves its fake clock as soon as one of many branches
 * waits; a request of another branch, in flight for some real milliseconds, would by that clock take hours.
 *
 * To be called once the runner is set up.
 *
 * @param now, realSetTimeout taken before the fake clock took their place
 */
function pauseClockWhileInFlight(now: () => number, realSetTimeout: typeof setTimeout): void {
	realNow = now;
	const quiet = async () => {
		while (hasRequestsInFlight()) await new Promise((resolve) => realSetTimeout(resolve, 1));
	};
	LocalDurableTestRunner["createCheckpointApiClient"] = (() => {
		const api = createCheckpointApi();
		const update = api.updateCheckpointData.bind(api);
		// After this the runner moves its clock at once.
		api.updateCheckpointData = async (...input) => {
			const updated = await update(...input);
			await quiet();
			return updated;
		};
		return api;
	}) as never;
}

const createCheckpointApi: () => CheckpointApi = LocalDurableTestRunner["createCheckpointApiClient"].bind(
	LocalDurableTestRunner,
) as never;
