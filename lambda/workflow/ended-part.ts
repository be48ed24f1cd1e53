import { isFinal, type Target, type TargetStatus, targetKey } from "../domain/outcome.ts";
import { HARD_LIMIT_MINUTES } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
import {
	type DecidedEnd,
	lostByDefect,
	type TargetChange,
	toStateChangeEvent,
	toTargetStatus,
} from "../domain/state-change.ts";
import { PUBLISH_LOST_TRIES, READ_PART_TRIES } from "./operations.ts";
import { publishPauseSeconds } from "./pauses.ts";
import type { Ports } from "./ports.ts";
import type { SelectedTarget } from "./select.ts";
import type { DurableSteps } from "./steps.ts";

/** Seconds for which reading the history of an ended part is tried. */
const READ_HISTORY_SECONDS = 24 * 3600;

/** What is known of an ended part; nothing while its history could not be read. */
interface PartHistory {
	readonly tries: number;
	readonly published?: readonly TargetStatus[] | undefined;
	readonly decided?: readonly DecidedEnd[] | undefined;
}

interface EndedPart {
	readonly ports: Ports;
	readonly steps: DurableSteps;
	readonly run: Run;
	readonly part: readonly SelectedTarget[];
	/** Epoch milliseconds of the run's start. */
	readonly startedAt: number;
	/** With which the part ended. */
	readonly error: unknown;
	/** Of the execution that chained the part. */
	readonly durableExecutionArn: string;
}

/**
 * Ends the targets of a part that AWS ended. What the part has published, by its history, is kept. An end that it
 * had decided is published again, since AWS may have ended the part before it was. The others are published as `LOST`.
 * Where the history can't be read nothing is published, since it could contradict the part; the run fails.
 */
export async function publishEndedPart(ended: EndedPart): Promise<readonly TargetStatus[]> {
	const { ports, steps, run, part, startedAt, error, durableExecutionArn } = ended;
	const keys = new Set(part.map(targetKey));
	const isOfPart = (target: Target) => keys.has(targetKey(target));
	const { published, decided } = await steps.until<PartHistory>(
		"read-part",
		{ tries: 0 },
		async ({ tries }) => {
			const read = await ports.readEndedParts(durableExecutionArn).catch(() => undefined);
			const finals = read?.published.filter((status) => isOfPart(status) && isFinal(status.state));
			return { tries: tries + 1, published: finals, decided: read?.decided.filter(isOfPart) };
		},
		(known) => (known.published ? "stop" : publishPauseSeconds(known.tries, READ_PART_TRIES, READ_HISTORY_SECONDS)),
	);
	const statuses = new Map(published?.map((status) => [targetKey(status), status]));
	if (published) {
		const changes = new Map(decided?.map((end) => [targetKey(end), end.decided]));
		const missing = part
			.filter((target) => !statuses.has(targetKey(target)))
			.map((target) => ({ target, change: changes.get(targetKey(target)) ?? lostByDefect(startedAt, error) }));
		for (const status of await publishEnds(ports, run, missing, steps)) statuses.set(targetKey(status), status);
	}
	return part.map((target) => statuses.get(targetKey(target)) ?? unpublishedTarget(run, target, startedAt, error));
}

/** Publishes each end once: a try continues where the bus rejected the one before. */
async function publishEnds(
	ports: Ports,
	run: Run,
	missing: readonly { readonly target: SelectedTarget; readonly change: TargetChange }[],
	steps: DurableSteps,
): Promise<readonly TargetStatus[]> {
	if (missing.length === 0) return [];
	const { targets } = await steps.until<{ readonly tries: number; readonly targets: readonly TargetStatus[] }>(
		"publish-lost",
		{ tries: 0, targets: [] },
		async ({ tries, targets: before }) => {
			const done = [...before];
			try {
				for (const { target, change } of missing.slice(done.length)) {
					const event = toStateChangeEvent(run, target, { ...change, endedAt: change.endedAt ?? ports.now() });
					await ports.publish(event);
					done.push(toTargetStatus(event));
				}
			} catch {
				// The next try continues from here.
			}
			return { tries: tries + 1, targets: done };
		},
		({ tries, targets: done }) =>
			done.length === missing.length ? "stop" : publishPauseSeconds(tries, PUBLISH_LOST_TRIES, HARD_LIMIT_MINUTES * 60),
	);
	return targets;
}

/** The final state could not be published; the run fails, which raises RunFailed. */
export const unpublishedTarget = (run: Run, target: SelectedTarget, startedAt: number, error: unknown): TargetStatus =>
	toTargetStatus(toStateChangeEvent(run, target, { ...lostByDefect(startedAt, error), endedAt: startedAt }));
