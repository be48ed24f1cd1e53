import { ServiceError } from "../domain/errors.ts";
import type { RunStatus } from "../engine/run-status.ts";

/** Time as the face sees it. */
export interface Clock {
	/** Epoch milliseconds. */
	readonly now: () => number;
	readonly pause: (milliseconds: number) => Promise<void>;
}

/**
 * Milliseconds before each look but the last, which is when time is up. Callers wait in sandboxes of their own, which
 * cannot share what they read: so each reads three times at most, and at the API's default rate of 5 callers a second
 * together no more than the 15 histories a second that AWS allows an account and region.
 */
const PAUSES_MS = [1500, 4000];

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
	for (let looks = 0; looks <= PAUSES_MS.length; looks++) {
		const left = until - clock.now();
		if (left <= 0) return last;
		await clock.pause(Math.min(PAUSES_MS[looks] ?? left, left));
		last = (await orNothing(read)) ?? last;
		if (last && hasStarted(last)) return last;
	}
	return last;
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
