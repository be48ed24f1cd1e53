import { AtlasError } from "../domain/errors.ts";
import type { ExpectedDuration } from "../domain/expectation.ts";
import type { PublishStep, TargetStatus } from "../domain/outcome.ts";
import { HARD_LIMIT_MINUTES } from "../domain/request.ts";
import type { Run } from "../domain/run.ts";
import { type Snapshot, snapshotKind } from "../domain/snapshot.ts";
import { type TargetChange, toStateChangeEvent, toTargetStatus } from "../domain/state-change.ts";
import { readEarlier } from "./minimum-age.ts";
import type { CountedSteps } from "./operations.ts";
import { publishPauseSeconds } from "./pace.ts";
import type { Ports } from "./ports.ts";
import type { SelectedTarget } from "./select.ts";
import { verifySnapshot } from "./verify.ts";

/** Seconds for which a final event is offered to a bus that refuses it. */
const FINAL_PATIENCE_SECONDS = HARD_LIMIT_MINUTES * 60;

/** Milliseconds for which a rate limit may hold back the proof, and with it the event, of a completed snapshot. */
const PROOF_PATIENCE = 45_000;

/** What a step returns that offers an event which others follow. */
type Offered = TargetStatus & {
	/** The bus refused the event: it is offered again beside the polls. */
	readonly unpublished?: true;
	/** Of the step that publishes STARTED: of how long the snapshot takes. Absent in histories of earlier versions. */
	readonly expectation?: ExpectedDuration | null;
	/** Of the same step: epoch milliseconds before which Atlas wants no poll. */
	readonly notBefore?: number | undefined;
};

/** Publishes the changes of one target, in order. */
export interface Publisher {
	/**
	 * Offers STARTED or LATE once. A bus that refuses must not hold up the polls, so what it refuses is offered again
	 * beside each of them.
	 *
	 * @returns whether the bus took it
	 */
	offer(name: "publish-late", change: TargetChange): Promise<boolean>;
	/**
	 * Offers STARTED once, and predicts the end within the same step.
	 *
	 * @param change its expectation is absent where none of the steps before has read the cluster's snapshots
	 * @returns what is expected, `null` where the earlier snapshots do not tell; and when Atlas may be polled
	 */
	offerStarted(
		change: TargetChange & { readonly snapshot: Snapshot },
	): Promise<{ readonly expectation: ExpectedDuration | null; readonly notBefore?: number | undefined }>;
	/**
	 * Offers again what the bus refused, until it refuses again. To be called within steps.
	 *
	 * @param taken how many of them the bus has taken since
	 * @returns how many it has taken now
	 */
	readonly offerAgain: (taken: number) => Promise<number>;
	/**
	 * Publishes the end, and tries for three days. A completed snapshot is verified within the same step: another would
	 * count towards the operations of the execution.
	 *
	 * @throws ServiceError `PUBLISH_FAILED` after that
	 */
	end(name: PublishStep, change: TargetChange): Promise<TargetStatus>;
}

/** @param deadlineAt epoch milliseconds */
export function createPublisher(
	ports: Ports,
	steps: CountedSteps,
	run: Run,
	target: SelectedTarget,
	deadlineAt: number,
): Publisher {
	const refused: TargetChange[] = [];
	let late = false;
	const verified = async (change: TargetChange): Promise<TargetChange> => {
		if (change.state !== "COMPLETED" || change.snapshot === undefined) return change;
		const patientUntil = (change.endedAt ?? change.requestedAt) + PROOF_PATIENCE;
		const proof = await verifySnapshot(ports, target, change.snapshot, run.request.retentionInDays, patientUntil);
		return { ...change, ...proof, warnings: [...proof.warnings, ...(change.warnings ?? [])] };
	};
	const offerOnce = async (change: TargetChange): Promise<Offered> => {
		const event = toStateChangeEvent(run, target, change);
		const taken = await isTaken(ports.publish(event));
		return taken ? toTargetStatus(event) : { ...toTargetStatus(event), unpublished: true };
	};
	return {
		async offer(name, change) {
			const isFirstLate = name === "publish-late" && !late;
			late ||= isFirstLate;
			const { unpublished } = await steps.step(name, async (): Promise<Offered> => {
				if (isFirstLate) ports.countLate(1, deadlineAt);
				return offerOnce(change);
			});
			if (unpublished) refused.push(change);
			return unpublished !== true;
		},
		async offerStarted(change) {
			const offered = await steps.step("publish-started", async (): Promise<Offered> => {
				const { expectation, snapshot } = change;
				const earlier =
					expectation === undefined ? await readEarlier(ports, target, snapshotKind(snapshot)) : { expectation };
				return { ...(await offerOnce({ ...change, ...earlier })), ...earlier };
			});
			const { unpublished, expectation = null, notBefore } = offered;
			if (unpublished) refused.push({ ...change, expectation });
			return { expectation, notBefore };
		},
		async offerAgain(taken) {
			let count = taken;
			for (const change of refused.slice(taken)) {
				if (!(await isTaken(ports.publish(toStateChangeEvent(run, target, change))))) break;
				count += 1;
			}
			return count;
		},
		end(name, change) {
			const triesLeft = Math.max(2, steps.operationsLeft());
			return steps.insist(
				name,
				async () => {
					const endedAt = change.endedAt ?? ports.now();
					const event = toStateChangeEvent(run, target, { ...(await verified(change)), endedAt });
					await ports.publish(event);
					if (late) ports.countLate(-1, deadlineAt);
					return toTargetStatus(event);
				},
				(tries, error) => {
					const pause = publishPauseSeconds(tries, triesLeft, FINAL_PATIENCE_SECONDS);
					if (pause === "stop") return pause;
					const asked = error instanceof AtlasError ? error.fault.retryAfterSeconds : undefined;
					return Math.max(pause, asked ?? 0);
				},
			);
		},
	};
}

const isTaken = (publishing: Promise<void>): Promise<boolean> =>
	publishing.then(
		() => true,
		() => false,
	);
