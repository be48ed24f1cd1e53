import timers from "node:timers";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";

// Taken before the clock is a fake one.
const { setImmediate: realSetImmediate, setTimeout: realSetTimeout } = timers;

/** Turns of the event loop in which nothing became due: two, for what Node.js itself puts off to the next turn. */
const QUIET_TURNS = 2;

/** Milliseconds. What is due later than any wait of the functions is not theirs. */
const LONGEST_WAIT = 20 * 86_400_000;

/** What is needed of the runner's clock. */
interface FakeClock {
	readonly now: number;
	readonly timerHeap?: { peek(): { readonly callAt: number } | undefined };
	tick(milliseconds: number): void;
	next(): void;
	setSystemTime(now: number): void;
}

/** Epoch milliseconds. */
const START = Date.parse("2026-10-24T02:00:00Z");

/** The simulated clock of a process of the campaign. */
export interface Clock {
	/** Time stands still until the work is done. For what takes real time: a file that is read. */
	during<T>(work: () => Promise<T>): Promise<T>;
	/** Resolves when nothing can happen any more unless time passes. */
	quiet(): Promise<void>;
	/** Makes it the same time again as at the start of every run. Timers keep what is left of them. */
	restart(): void;
	stop(): void;
}

/**
 * Drives the runner's fake clock: to the next timer, once everything that the one before set off is over, so that
 * whatever waits is woken in the order of time. All connections are within this Node.js process, and so what is not
 * over is in the queues of the event loop: how fast the machine is makes no difference.
 */
export function driveClock(): Clock {
	const clock: FakeClock | undefined = LocalDurableTestRunner["fakeClock"] as FakeClock | undefined;
	if (!clock) throw new Error("the runner has no fake clock");
	// Nobody else moves it.
	clock.tick = () => {};
	const waiting: (() => void)[] = [];
	let busy = 0;
	let quietTurns = 0;
	let running = true;
	const pump = () => {
		if (!running) return;
		const wait = (clock.timerHeap?.peek()?.callAt ?? Number.POSITIVE_INFINITY) - clock.now;
		if (wait <= 0) {
			quietTurns = 0;
			clock.next();
		} else if (busy > 0 || ++quietTurns < QUIET_TURNS) {
			// Something goes on, or may go on.
		} else if (waiting.length > 0) {
			for (const resolve of waiting.splice(0)) resolve();
		} else if (wait < LONGEST_WAIT) {
			quietTurns = 0;
			clock.next();
		} else {
			// Nothing is due: what comes next comes from outside.
			realSetTimeout(pump, 1);
			return;
		}
		realSetImmediate(pump);
	};
	pump();
	return {
		async during(work) {
			busy++;
			return work().finally(() => {
				busy--;
				quietTurns = 0;
			});
		},
		quiet: () =>
			new Promise((resolve) => {
				quietTurns = 0;
				waiting.push(resolve);
			}),
		restart: () => clock.setSystemTime(START),
		stop() {
			running = false;
		},
	};
}
