import { AtlasError } from "../domain/errors.ts";
import type { ExpectedDuration } from "../domain/expectation.ts";
import type { PublishStep, TargetStatus } from "../domain/outcome.ts";
import { HARD_LIMIT_MINUTES } from "../domain/request.ts";
import { type Snapshot, snapshotKind } from "../domain/snapshot.ts";
import { type TargetChange, toStateChangeEvent, toTargetStatus } from "../domain/state-change.ts";
import { predictFromList } from "./minimum-age.ts";
import { publishPauseSeconds } from "./pauses.ts";
import type { TargetContext } from "./target-context.ts";
import { verifySnapshot } from "./verify.ts";

/** Seconds for which a final event is offered to a bus that rejects it. */
const FINAL_EVENT_SECONDS = HARD_LIMIT_MINUTES * 60;

/** Milliseconds for which a rate limit may delay the verification of a completed snapshot, and with it the event. */
const VERIFY_DELAY_MS = 45_000;

/** The result of a step that publishes STARTED or LATE. */
type Offered = TargetStatus & {
	/** The bus rejected the event: it is offered again at each lookup and poll. */
	readonly unpublished?: true;
	/** Of STARTED: how long the snapshot takes. Absent in histories of earlier versions. */
	readonly expectation?: ExpectedDuration | null;
	/** Of STARTED: epoch milliseconds before which Atlas wants no poll. */
	readonly notBefore?: number | undefined;
};

/** Publishes the changes of one target, in order. */
export interface Publisher {
	/**
	 * Offers LATE once. A bus that rejects it must not hold up lookups and polls, so it is offered again at each of them.
	 */
	offerLate(change: TargetChange): Promise<void>;
	/**
	 * Offers STARTED once, and predicts the end within the same step.
	 *
	 * @param change its expectation is absent where no earlier step has read the cluster's snapshots
	 * @returns the expectation, `null` where it is unknown; and when Atlas may be polled
	 */
	offerStarted(
		change: TargetChange & { readonly snapshot: Snapshot },
	): Promise<{ readonly expectation: ExpectedDuration | null; readonly notBefore?: number | undefined }>;
	/**
	 * Offers again what the bus rejected, until it rejects again. To be called within steps.
	 *
	 * @param accepted how many of them the bus has accepted since
	 * @returns how many it has accepted now
	 */
	readonly offerAgain: (accepted: number) => Promise<number>;
	/**
	 * Publishes the end, and tries for three days. A completed snapshot is verified within the same step, which saves an
	 * operation.
	 *
	 * @throws ServiceError `PUBLISH_FAILED` after that
	 */
	end(name: PublishStep, change: TargetChange): Promise<TargetStatus>;
}

/** @param deadlineAt epoch milliseconds */
export function createPublisher({ ports, steps, run, target }: TargetContext, deadlineAt: number): Publisher {
	const rejected: TargetChange[] = [];
	let isLate = false;
	const verify = async (change: TargetChange): Promise<TargetChange> => {
		if (change.state !== "COMPLETED" || change.snapshot === undefined) return change;
		const retryUntil = (change.endedAt ?? change.requestedAt) + VERIFY_DELAY_MS;
		const { retentionInDays } = run.request;
		const { snapshot, warnings } = await verifySnapshot(ports, target, change.snapshot, retentionInDays, retryUntil);
		return { ...change, snapshot, warnings: [...warnings, ...(change.warnings ?? [])] };
	};
	const offer = async (change: TargetChange): Promise<Offered> => {
		const event = toStateChangeEvent(run, target, change);
		const accepted = await isAccepted(ports.publish(event));
		return accepted ? toTargetStatus(event) : { ...toTargetStatus(event), unpublished: true };
	};
	return {
		async offerLate(change) {
			isLate = true;
			const { unpublished } = await steps.step("publish-late", async (): Promise<Offered> => {
				ports.countLate(1, deadlineAt);
				return offer(change);
			});
			if (unpublished) rejected.push(change);
		},
		async offerStarted(change) {
			const offered = await steps.step("publish-started", async (): Promise<Offered> => {
				const { expectation, snapshot } = change;
				const known =
					expectation === undefined ? await predictFromList(ports, target, snapshotKind(snapshot)) : { expectation };
				return { ...(await offer({ ...change, ...known })), ...known };
			});
			const { unpublished, expectation = null, notBefore } = offered;
			if (unpublished) rejected.push({ ...change, expectation });
			return { expectation, notBefore };
		},
		async offerAgain(accepted) {
			let count = accepted;
			for (const change of rejected.slice(accepted)) {
				if (!(await isAccepted(ports.publish(toStateChangeEvent(run, target, change))))) break;
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
					const event = toStateChangeEvent(run, target, { ...(await verify(change)), endedAt });
					await ports.publish(event);
					if (isLate) ports.countLate(-1, deadlineAt);
					return toTargetStatus(event);
				},
				(tries, error) => {
					const pause = publishPauseSeconds(tries, triesLeft, FINAL_EVENT_SECONDS);
					if (pause === "stop") return pause;
					const retryAfter = error instanceof AtlasError ? error.fault.retryAfterSeconds : undefined;
					return Math.max(pause, retryAfter ?? 0);
				},
			);
		},
	};
}

const isAccepted = (publishing: Promise<void>): Promise<boolean> =>
	publishing.then(
		() => true,
		() => false,
	);
