import { afterMissing, afterSeeing, standing, type Watch, watch } from "../domain/following.ts";
import type { Target } from "../domain/outcome.ts";
import type { Snapshot } from "../domain/snapshot.ts";
import { judge } from "../domain/verdict.ts";
import { pause, seedOf } from "./pace.ts";
import type { Ports } from "./ports.ts";
import type { Steps } from "./steps.ts";

/** What bounds a watch: epoch milliseconds, and the pace in seconds. */
export interface Bounds {
	/** When the snapshot was asked for. */
	readonly since: number;
	/** When it was last seen. */
	readonly seenAt: number;
	/** Absent once it has been told. */
	readonly deadlineAt?: number | undefined;
	readonly hardLimitAt: number;
	readonly firstPollSeconds: number;
}

/** What a check starts from: a watch, and whether a look is due already. */
interface Round {
	readonly watch: Watch;
	readonly due: boolean;
}

/** Looks at a snapshot until it has ended, is gone for good, or a bound is reached. A failed look never ends it. */
export async function follow(
	ports: Ports,
	steps: Steps,
	name: string,
	target: Target,
	from: Snapshot | Watch,
	bounds: Bounds,
): Promise<Watch> {
	const begin = "id" in from ? watch(from, bounds.seenAt) : from;
	if (standing(begin, bounds) !== "waiting") return begin;
	const last = await steps.until<Round>(
		name,
		{ watch: begin, due: false },
		// The first check looks at nothing: Atlas has only just told us.
		async (round) => ({ watch: round.due ? await lookOnce(ports, target, round.watch) : round.watch, due: true }),
		({ watch: seen }) => {
			if (standing(seen, bounds) !== "waiting") return "stop";
			const { lookedAt, looks, snapshotId, retryAfterSeconds } = seen;
			return pause({
				elapsedSeconds: (lookedAt - bounds.since) / 1000,
				firstPollSeconds: bounds.firstPollSeconds,
				seed: seedOf({ id: snapshotId }, looks),
				...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
			});
		},
	);
	return last.watch;
}

async function lookOnce(ports: Ports, target: Target, before: Watch): Promise<Watch> {
	try {
		return afterSeeing(before, await ports.readSnapshot(target, before.snapshotId), ports.now());
	} catch (error) {
		return afterMissing(before, judge(error), ports.now());
	}
}
