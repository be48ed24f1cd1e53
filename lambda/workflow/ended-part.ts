import type { Target, TargetStatus } from "../domain/outcome.ts";
import { isFinal } from "../domain/outcome.ts";
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
import { publishPauseSeconds } from "./pace.ts";
import type { Ports } from "./ports.ts";
import type { SelectedTarget } from "./select.ts";
import type { DurableSteps } from "./steps.ts";

/** Seconds for which the history of a part that broke off is asked for. */
const READ_PATIENCE_SECONDS = 24 * 3600;

/** What is known of a part that broke off; nothing while its history could not be read. */
interface Known {
	readonly tries: number;
	readonly published?: readonly TargetStatus[] | undefined;
	readonly decided?: readonly DecidedEnd[] | undefined;
}

/**
 * Ends the targets of a part that broke off. What it has published stands, as its history tells. An end that it had
 * decided is published again, since it may have been published while AWS ended the part. The others are published as
 * `LOST`: the part can have said nothing of them. Where its history can't be read nothing is published, which could
 * contradict it; the run fails.
 */
export async function publishEndedPart(
	ports: Ports,
	run: Run,
	part: readonly SelectedTarget[],
	startedAt: number,
	error: unknown,
	steps: DurableSteps,
	arn: string,
): Promise<readonly TargetStatus[]> {
	const keys = new Set(part.map(keyOf));
	const isOurs = (target: Target) => keys.has(keyOf(target));
	const { published, decided } = await steps.until<Known>(
		"read-part",
		{ tries: 0 },
		async ({ tries }) => {
			const read = await ports.readBrokenParts(arn).catch(() => undefined);
			const finals = read?.published.filter((status) => isOurs(status) && isFinal(status.state));
			return { tries: tries + 1, published: finals, decided: read?.decided.filter(isOurs) };
		},
		(known) => (known.published ? "stop" : publishPauseSeconds(known.tries, READ_PART_TRIES, READ_PATIENCE_SECONDS)),
	);
	const ended = new Map(published?.map((status) => [keyOf(status), status]));
	if (published) {
		const changes = new Map(decided?.map((end) => [keyOf(end), end.decided]));
		const missing = part
			.filter((target) => !ended.has(keyOf(target)))
			.map((target) => ({ target, change: changes.get(keyOf(target)) ?? lostByDefect(startedAt, error) }));
		for (const status of await publishEnds(ports, run, missing, steps)) ended.set(keyOf(status), status);
	}
	return part.map((target) => ended.get(keyOf(target)) ?? unpublishedTarget(run, target, startedAt, error));
}

/** Publishes ends, each once: a try goes on where the one before was refused. */
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
				// The bus refuses: the next try goes on from here.
			}
			return { tries: tries + 1, targets: done };
		},
		({ tries, targets: done }) =>
			done.length === missing.length ? "stop" : publishPauseSeconds(tries, PUBLISH_LOST_TRIES, HARD_LIMIT_MINUTES * 60),
	);
	return targets;
}

/** A target of which not even the end could be published: the run fails, and the platform's alarm tells. */
export const unpublishedTarget = (run: Run, target: SelectedTarget, startedAt: number, error: unknown): TargetStatus =>
	toTargetStatus(toStateChangeEvent(run, target, { ...lostByDefect(startedAt, error), endedAt: startedAt }));

const keyOf = ({ projectId, clusterName }: { readonly projectId: string; readonly clusterName: string }): string =>
	`${projectId}/${clusterName}`;
