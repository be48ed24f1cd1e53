import { subscribe } from "node:diagnostics_channel";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";

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
export const hasRequestsInFlight = (): boolean => underWay.size > 0 && realNow() - lastChange < PATIENCE;

/**
 * Lets skipped waits spare the requests under way. The runner moves its fake clock as soon as one of many branches
 * waits; a request of another branch, in flight for some real milliseconds, would by that clock take hours.
 *
 * To be called once the runner is set up.
 *
 * @param now, realSetTimeout taken before the fake clock took their place
 */
export function pauseClockWhileInFlight(now: () => number, realSetTimeout: typeof setTimeout): void {
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
