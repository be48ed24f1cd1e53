import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";

/** AWS's local runner has one environment in a process; whoever needs it shares it. */
let users = 0;
let skipping = false;

/** @param skipTime the same for all who share it */
export async function enterRunner(skipTime: boolean): Promise<void> {
	if (users > 0 && skipTime !== skipping) throw new Error("the durable runner is in use with another clock");
	users++;
	skipping = skipTime;
	if (users > 1) return;
	const real = { now: Date.now, setInterval };
	await LocalDurableTestRunner.setupTestEnvironment({ skipTime });
	if (!skipTime) return;
	addUpWaits(real.now);
	hurry(real.setInterval);
}

export async function leaveRunner(): Promise<void> {
	users--;
	if (users > 0) return;
	clearHurry();
	await LocalDurableTestRunner.teardownTestEnvironment();
}

let clearHurry = (): void => {};

/** The durable SDK rests for 20 ms at every checkpoint, by the fake clock; so that one runs five times as fast. */
function hurry(realSetInterval: typeof setInterval): void {
	const clock: { tick(milliseconds: number): void } | undefined = LocalDurableTestRunner["fakeClock"];
	const interval = realSetInterval(() => clock?.tick(5), 1);
	clearHurry = () => realClearInterval(interval);
}

const realClearInterval = clearInterval;

interface Waiting {
	readonly operation: {
		readonly WaitDetails?: { ScheduledEndTimestamp?: Date };
		readonly StepDetails?: { NextAttemptTimestamp?: Date };
	};
}

interface CheckpointApi {
	pollCheckpointData(...input: unknown[]): Promise<{ operations: readonly Waiting[] }>;
}

const createCheckpointApi: () => CheckpointApi = LocalDurableTestRunner["createCheckpointApiClient"].bind(
	LocalDurableTestRunner,
) as never;

/**
 * Lets skipped waits add up. The runner moves its fake clock to the end of a wait; but that end is told by a thread
 * with the real clock, so that of a hundred waits of a minute only one would be seen. And it moves the clock only while
 * some timer is pending: here one always is.
 */
function addUpWaits(realNow: () => number): void {
	setInterval(() => {}, 2 ** 31 - 1);
	const shifted = (end: Date | undefined) => end && new Date(end.getTime() + Date.now() - realNow());
	LocalDurableTestRunner["createCheckpointApiClient"] = (() => {
		const api = createCheckpointApi();
		const poll = api.pollCheckpointData.bind(api);
		api.pollCheckpointData = async (...input) => {
			const polled = await poll(...input);
			for (const { operation } of polled.operations) {
				const { WaitDetails: wait, StepDetails: step } = operation;
				if (wait?.ScheduledEndTimestamp) wait.ScheduledEndTimestamp = shifted(wait.ScheduledEndTimestamp);
				if (step?.NextAttemptTimestamp) step.NextAttemptTimestamp = shifted(step.NextAttemptTimestamp);
			}
			return polled;
		};
		return api;
	}) as never;
}
