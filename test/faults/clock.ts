import { subscribe } from "node:diagnostics_channel";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { currentProcess, type LambdaProcess } from "./process.ts";

// Taken before the clock is a fake one, and before the runner is made to wait for requests that nobody waits for.
const { setImmediate: realSetImmediate, setTimeout: realSetTimeout } = globalThis;
const { createCheckpointApiClient } = LocalDurableTestRunner as unknown as { createCheckpointApiClient: unknown };

/** Milliseconds by which the clock moves in a turn of the event loop while something is under way. */
const STEP = 5;
/** Turns of the event loop without an arrival after which nothing is under way any more. */
const QUIET_TURNS = 10;
/** The same, where a request seems to be under way of which no more is heard. */
const FORGOTTEN_TURNS = 2_000;

/** Milliseconds. What is due later than any wait of the functions is not theirs. */
const LONGEST_WAIT = 8 * 86_400_000;

/** What is needed of the runner's clock. */
interface FakeClock {
	readonly now: number;
	readonly timerHeap?: { peek(): { readonly callAt: number } | undefined };
	tick(milliseconds: number): void;
}

/** The simulated clock of a process of the campaign. */
export interface Clock {
	/** Something came in over a socket. */
	arrived(): void;
	/** A request is held back on purpose for so many milliseconds: time may pass meanwhile. */
	hold(milliseconds: number): void;
	/** Time stands still until the work is done. */
	during<T>(work: () => Promise<T>): Promise<T>;
	/** Time stands still for so many turns of the event loop. */
	turns(count: number): Promise<void>;
	/** Resolves when nothing is under way on a socket, without a timer having fired. */
	quiet(): Promise<void>;
	stop(): void;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => realSetImmediate(resolve));

/** Requests that have no reply yet, those of undici and those of the AWS SDK, with the process that sent them. */
const underWay = new Map<object, LambdaProcess | undefined>();
for (const name of ["undici:request:create", "http.client.request.created"]) {
	subscribe(name, (message) => void underWay.set((message as { request: object }).request, currentProcess()));
}
for (const name of [
	"undici:request:trailers",
	"undici:request:error",
	"http.client.response.finish",
	"http.client.request.error",
]) {
	subscribe(name, (message) => void underWay.delete((message as { request: object }).request));
}

/** Requests for whose replies somebody waits. */
const countUnderWay = (): number => {
	let count = 0;
	for (const owner of underWay.values()) if (owner === undefined || owner.isRunning) count++;
	return count;
};

/**
 * Drives the runner's fake clock: slowly while requests are under way, and else to the next timer, so that whatever
 * waits is woken in the order of time. The runner itself skips time in the order in which waits are asked for: with two
 * targets, one would sleep through the other's end.
 */
export function driveClock(): Clock {
	const clock: FakeClock | undefined = LocalDurableTestRunner["fakeClock"] as FakeClock | undefined;
	if (!clock) throw new Error("the runner has no fake clock");
	// Its executions then wait by timers of that clock.
	Object.assign(LocalDurableTestRunner, { skipTime: false, createCheckpointApiClient });
	const tick = clock.tick.bind(clock);
	// Nobody else moves it.
	clock.tick = () => {};
	let held = 0;
	let busy = 0;
	let turns = 0;
	let running = true;
	const pump = () => {
		turns++;
		const idle = busy === 0 && countUnderWay() <= held;
		const wait = (clock.timerHeap?.peek()?.callAt ?? clock.now) - clock.now;
		if (idle && turns > QUIET_TURNS && wait < LONGEST_WAIT) {
			turns = 0;
			tick(Math.max(wait, 0));
		} else if (turns > FORGOTTEN_TURNS && busy === 0) {
			underWay.clear();
			turns = 0;
		} else tick(busy > 0 ? 0 : STEP);
		if (!running) return;
		// Nothing is due: what comes next comes from outside.
		if (idle && turns > QUIET_TURNS) realSetTimeout(pump, 1);
		else realSetImmediate(pump);
	};
	pump();
	const arrived = () => {
		turns = 0;
	};
	const during = async <T>(work: () => Promise<T>): Promise<T> => {
		busy++;
		return work().finally(() => {
			busy--;
			turns = 0;
		});
	};
	return {
		arrived,
		hold(milliseconds) {
			held++;
			setTimeout(() => held--, milliseconds);
		},
		during,
		turns: (count) =>
			during(async () => {
				for (let i = 0; i < count; i++) await nextTurn();
			}),
		quiet: () =>
			during(async () => {
				turns = 0;
				while (turns < 40) await nextTurn();
			}),
		stop() {
			running = false;
		},
	};
}
