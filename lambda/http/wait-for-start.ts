import { ServiceError } from "../domain/errors.ts";
import type { RunStatus } from "../engine/run-status.ts";

/** Time as the face sees it. */
export interface Clock {
	/** Epoch milliseconds. */
	readonly now: () => number;
	readonly pause: (milliseconds: number) => Promise<void>;
}

/** Milliseconds: soon at first, then at a pace that AWS's limits bear when many callers wait. */
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 3000;

/**
 * Follows a run until every target is at least started or has ended, or time is up. A reading that fails for now is
 * left out: the run was accepted, and that stays true.
 *
 * @param until epoch milliseconds
 * @returns the last reading; `undefined` where none succeeded
 */
export async function waitForStart(
	read: () => Promise<RunStatus | undefined>,
	until: number,
	clock: Clock,
): Promise<RunStatus | undefined> {
	let last: RunStatus | undefined;
	let pause = FIRST_PAUSE_MS;
	for (;;) {
		const left = until - clock.now();
		if (left <= 0) return last;
		await clock.pause(Math.min(pause, left));
		last = (await orNothing(read)) ?? last;
		if (last && hasStarted(last)) return last;
		pause = Math.min(pause === FIRST_PAUSE_MS ? 1000 : pause * 1.5, LONGEST_PAUSE_MS);
	}
}

const hasStarted = ({ status, targets }: RunStatus): boolean =>
	status !== "RUNNING" || (targets.length > 0 && targets.every(({ state }) => state !== "PENDING"));

async function orNothing<T>(read: () => Promise<T>): Promise<T | undefined> {
	try {
		return await read();
	} catch (error) {
		if (error instanceof ServiceError && error.transient) return undefined;
		throw error;
	}
}
