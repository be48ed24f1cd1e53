import {
	type Finding,
	HARD_LIMIT,
	type Observed,
	type ObservedEvent,
	type ObservedRun,
	type ObservedSnapshot,
	oursOf,
} from "./observed.ts";

/** Milliseconds before three days are over at which a run may already give up: its last poll comes earlier. */
const LAST_POLLS = 3 * 3_600_000;
/** Milliseconds by which the second of a snapshot's id may lie before the request. */
const SKEW = 5 * 60_000;

/** Holds one final state against what Atlas knows. */
export function judgeFinal(
	observed: Observed,
	run: ObservedRun,
	cluster: Observed["clusters"][number],
	{ at, change, atlasStatus }: ObservedEvent,
): readonly Finding[] {
	const findings: Finding[] = [];
	const find = (kind: Finding["kind"], what: string) =>
		findings.push({
			kind,
			what: `${change.state} of ${cluster.name} ${what} (${change.reason?.message ?? "no reason"})`,
		});
	const { state, snapshotId, provenance } = change;
	const gaveUp = at - run.startedAt >= HARD_LIMIT - LAST_POLLS - observed.skew;
	const ours = oursOf(observed, run, cluster.name);
	const theirs = observed.snapshots.find(({ id }) => id === snapshotId && !ours.some((one) => one.id === id));
	const isOurs = ours.some(({ id }) => id === snapshotId);

	if (state === "COMPLETED" && atlasStatus !== "completed") find("false success", "though Atlas did not say so");
	if (state === "COMPLETED" && !isOurs && !(theirs && mayBeAdopted(theirs, run, observed.skew))) {
		find("false success", "for a snapshot that was not taken for this run, nor running meanwhile");
	}
	if (state === "FAILED" && atlasStatus !== "failed") find("lost", "though Atlas did not say so");
	if (state === "LOST" && atlasStatus !== undefined && !gaveUp) find("lost", `though Atlas has it, ${atlasStatus}`);
	if (snapshotId !== null && provenance === "adopted" && isOurs && !isShared(observed, run)) {
		find("lost", "is called another's though it is ours");
	}
	if (snapshotId !== null && provenance !== "adopted" && !isOurs) find("false success", "is called ours, but is not");
	const living = ours.filter((one) => one.ending !== "vanished" || one.endsAt > at);
	if (living.length > 0 && !isOurs && !gaveUp) find("lost", "forgets the snapshot that was taken for it");
	if (state === "SKIPPED" && !maySkip(observed, cluster)) find("lost", "though the request does not allow it");
	if (cluster.state !== "ready" && state !== "SKIPPED" && state !== "REFUSED" && state !== "LOST")
		find("lost", "of a cluster that has none");
	return findings;
}

/** One that someone else asked for, on demand, and that was not over when the run began. */
const mayBeAdopted = ({ snapshotType, endsAt }: ObservedSnapshot, { startedAt }: ObservedRun, skew: number): boolean =>
	snapshotType !== "scheduled" && endsAt >= startedAt - SKEW - skew;

/** Another run of ours may adopt it. */
const isShared = ({ runs }: Observed, { run }: ObservedRun): boolean => runs.some((other) => other.run !== run);

function maySkip({ wanted }: Observed, { state }: Observed["clusters"][number]): boolean {
	if (wanted.onConflict === "skip" || wanted.minimumAgeMinutes !== null) return true;
	return wanted.selection !== "named" && state !== "ready";
}
