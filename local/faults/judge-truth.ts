import { identify } from "./counts.ts";
import {
	eventsOf,
	FINAL,
	type Finding,
	HARD_LIMIT,
	type Observed,
	type ObservedEvent,
	type ObservedRun,
	type ObservedSnapshot,
	oursOf,
} from "./observed.ts";

/** Never two, none lost, and nothing said that is not so. */
export function judgeTruth(observed: Observed): readonly Finding[] {
	const { runs, events, snapshots, answers } = observed;
	const findings: Finding[] = [];
	const find = (kind: Finding["kind"], what: string) => findings.push({ kind, what });

	const known = new Set(runs.map(({ run }) => run));
	for (const { change } of events) if (!known.has(change.run)) find("duplicate", "an event of a run nobody accepted");
	for (const { description, run, refused, forbidden } of answers) {
		if (refused && !forbidden) find("lost", `${description} was refused, though nothing forbids it`);
		const isAnothers = run !== undefined && runs.some((one) => one.run === run && one.description !== description);
		if (isAnothers) find("lost", `${description} was attached to another's run`);
		if (run !== undefined && !known.has(run)) find("lost", "accepted, but never started");
		if (forbidden && !refused && run !== undefined) find("duplicate", "accepted though it had to be refused");
	}
	const byDescription = Map.groupBy(runs, ({ description }) => description);
	for (const [description, same] of byDescription) {
		if (same.length > 1) find("duplicate", `${same.length} runs of one trigger, ${description}`);
	}
	for (const { planted, description, clusterName } of snapshots) {
		if (!planted && ![...byDescription.keys()].some((of) => description.startsWith(`${of} [`))) {
			find("duplicate", `a snapshot of ${clusterName} that no accepted run asked for`);
		}
	}
	for (const run of runs) findings.push(...judgeRun(observed, run));
	return findings;
}

function judgeRun(observed: Observed, run: ObservedRun): readonly Finding[] {
	const findings: Finding[] = [];
	const find = (kind: Finding["kind"], what: string) => findings.push({ kind, what });
	const { status, error, reply } = run;
	if (status !== "SUCCEEDED" && status !== "FAILED") find("lost", `the run did not end: ${status}`);
	const told = targetsOf(reply);
	const states: string[] = [];
	const clusters = targetsOfRun(observed, run);
	for (const { name, state } of clusters) {
		const ours = oursOf(observed, run, name);
		// One that was deleted before it was ever seen is no longer there to be found again.
		const extra = ours.filter((one, index) => index > 0 && !isGone(ours[index - 1], one.requestedAt));
		if (extra.length > 0) find("duplicate", `${1 + extra.length} snapshots of ${name}`);
		const finals = eventsOf(observed, run, name).filter(({ change }) => FINAL.has(change.state));
		const distinct = [...new Set(finals.map(({ change }) => identify(change)))];
		if (distinct.length > 1) find("duplicate", `${distinct.length} final states of ${name}: ${distinct.join(" and ")}`);
		const final = finals[0];
		if (!final) {
			find("lost", `${name} has no final state; the run ended as ${status} (${error})`);
			if (status !== "FAILED") find("unheard", `${name} has no final state, and no execution failed`);
			continue;
		}
		states.push(final.change.state);
		findings.push(...judgeFinal(observed, run, { name, state }, final));
		const said = told.get(name);
		if (said !== final.change.state) {
			const kind = said === "COMPLETED" ? "false success" : "lost";
			find(kind, `the status reply says ${said} of ${name}, the event ${final.change.state}: ${reply.slice(0, 400)}`);
		}
	}
	const isSuccess = (state: string) => state === "COMPLETED" || state === "SKIPPED";
	const all = states.length === clusters.length && states.every(isSuccess);
	if (status === "SUCCEEDED" && !all) find("false success", `the run succeeded with ${states.join(", ")}`);
	if (status === "FAILED" && all) find("lost", `the run failed though every target was done: ${error}`);
	return findings;
}

/** What a request stands for: those it names, or those that are there; where none could be found it is told as `*`. */
function targetsOfRun(observed: Observed, run: ObservedRun): Observed["clusters"] {
	if (observed.wanted.selection === "named") return observed.clusters;
	const found = observed.clusters.filter(({ state }) => state !== "missing");
	const none = found.length === 0 || eventsOf(observed, run, "*").length > 0;
	return none ? [{ name: "*", state: "missing" }] : found;
}

const isGone = (before: ObservedSnapshot | undefined, at: number): boolean =>
	before?.ending === "vanished" && before.endsAt <= at;

/** Cluster → state, as a status reply tells it. */
function targetsOf(reply: string): ReadonlyMap<string, string> {
	const { targets = [] }: { targets?: readonly { clusterName: string; state: string }[] } = JSON.parse(reply);
	return new Map(targets.map(({ clusterName, state }) => [clusterName, state]));
}

/** Milliseconds before three days are over at which a run may already give up: its last poll comes earlier. */
const LAST_POLLS = 3 * 3_600_000;
/** Milliseconds by which the second of a snapshot's id may lie before the request. */
const SKEW = 5 * 60_000;

/** Holds one final state against what Atlas knows. */
function judgeFinal(
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
