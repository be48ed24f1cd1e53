import { subscribe } from "node:diagnostics_channel";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";

/** Taken before the runner puts a fake clock in their place. */
const { setInterval, clearInterval, queueMicrotask } = globalThis;
// oxlint-disable-next-line typescript/unbound-method -- called on process
const { nextTick } = process;

interface FakeClock {
	readonly now: number;
	/** Absent before the first timer. */
	readonly timerHeap?: { peek(): { readonly callAt: number } | undefined };
	tick(milliseconds: number): void;
}

/** Milliseconds. A timer that is due sooner is part of a branch's work, such as the SDK's 20 ms before a checkpoint. */
const WORK_MS = 20;

/** Turns in a row without work, after which time is skipped: what one turn sets off may begin in the next. */
const QUIET_TURNS = 3;

/**
 * Skips time: moves the runner's fake clock, once it is in place, to the next timer whenever executions wait and no branch
 * is at work.
 *
 * The runner itself would move it to the end of a wait in the order in which waits begin, and one target would sleep
 * through another's end. So it is told that no time is skipped: then each of its waits ends by a timer of that clock.
 *
 * @returns what stops it
 */
export function skipWaits(): () => void {
	const clock = LocalDurableTestRunner["fakeClock"] as FakeClock | undefined;
	if (!clock) throw new Error("the runner has no fake clock");
	LocalDurableTestRunner["skipTime"] = false;
	// The fake ones would run only when the clock moves.
	Object.assign(process, { nextTick });
	Object.assign(globalThis, { queueMicrotask });
	let quietTurns = 0;
	const interval = setInterval(() => {
		unchangedTurns++;
		const untilNext = (clock.timerHeap?.peek()?.callAt ?? 0) - clock.now;
		const atWork = hasRequestsInFlight();
		quietTurns = atWork || untilNext <= WORK_MS || underWay.size === 0 ? 0 : quietTurns + 1;
		clock.tick(quietTurns >= QUIET_TURNS ? untilNext : atWork ? 1 : WORK_MS);
	}, 1);
	return () => clearInterval(interval);
}

interface CheckpointApi {
	updateCheckpointData(update: object): Promise<unknown>;
}
const createCheckpointApi: () => CheckpointApi = LocalDurableTestRunner["createCheckpointApiClient"].bind(
	LocalDurableTestRunner,
) as never;

/** The runner's executions that have not ended, each by its client: it has one of its own, by which the runner ends it. */
const underWay = new Set<CheckpointApi>();
LocalDurableTestRunner["createCheckpointApiClient"] = (() => {
	const api = createCheckpointApi();
	const update = api.updateCheckpointData.bind(api);
	underWay.add(api);
	api.updateCheckpointData = (input) => {
		// Of an execution's end only, and there always, even if undefined.
		if ("error" in input) underWay.delete(api);
		return update(input);
	};
	return api;
}) as never;

/**
 * Turns of the event loop, at most one each millisecond, without any request sent or answered, after which those in flight
 * count as hanging. Turns and not time: on a busy machine this process, which also answers, may stop for seconds.
 */
const HANGING_TURNS = 1_000;

/** Requests in flight, those of undici and those of the AWS SDK. */
const inFlight = new Set<unknown>();
/** Turns since the last of them was sent or answered. */
let unchangedTurns = 0;
const onRequest = (channels: readonly string[], change: (request: unknown) => void) => {
	for (const channel of channels) {
		subscribe(channel, (message) => {
			change((message as { readonly request: unknown }).request);
			unchangedTurns = 0;
		});
	}
};
onRequest(["undici:request:create", "http.client.request.start"], (request) => inFlight.add(request));
onRequest(
	["undici:request:trailers", "undici:request:error", "http.client.response.finish", "http.client.request.error"],
	(request) => inFlight.delete(request),
);

/** A request that hangs must not stop the clock. */
const hasRequestsInFlight = (): boolean => inFlight.size > 0 && unchangedTurns < HANGING_TURNS;
