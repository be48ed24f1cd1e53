import { isSuccess, type SnapshotStateChange } from "../../lambda/domain/outcome.ts";
import { marker } from "../../lambda/domain/run.ts";
import type { Answer } from "./deliver.ts";

/** What can be seen of a run from outside, when it is over. */
export interface Observed {
	/** The runs that were accepted. */
	readonly runs: readonly {
		readonly run: string;
		readonly clusters: readonly string[];
		/** Whether its request lets a cluster that could have a snapshot go without one. */
		readonly maySkip: boolean;
		readonly status: string;
		readonly error: string | undefined;
		/** Body of the reply to `GET /snapshots/{run}`. */
		readonly reply: string;
	}[];
	readonly events: readonly {
		readonly change: SnapshotStateChange;
		/** Whether Atlas said completed about this snapshot when the event was accepted. */
		readonly atlasCompleted: boolean;
	}[];
	/** Everything that was ever in Atlas, in the order in which it was asked for. Times are epoch milliseconds. */
	readonly snapshots: readonly {
		readonly clusterName: string;
		readonly description: string;
		readonly requestedAt: number;
		/** When someone deleted it; `undefined` where nobody did. */
		readonly goneAt: number | undefined;
	}[];
	readonly answers: readonly Answer[];
	/** Names of secrets that were found outside. */
	readonly leaks: readonly string[];
}

/** A broken promise. */
export interface Finding {
	readonly kind: "duplicate" | "false success" | "lost" | "leak";
	readonly what: string;
}

const FINAL: ReadonlySet<string> = new Set(["COMPLETED", "FAILED", "SKIPPED", "REFUSED", "LOST"]);

/** The stack of runs and markers, as the functions read it where nothing is set. */
const STACK = "atlas-snapshots";

/** Holds what was seen against the promises. */
export function judge({ runs, events, snapshots, answers, leaks }: Observed): readonly Finding[] {
	const findings: Finding[] = leaks.map((what) => ({ kind: "leak", what }));
	const find = (kind: Finding["kind"], what: string) => findings.push({ kind, what });

	for (const { change, atlasCompleted } of events) {
		if (change.state === "COMPLETED" && !atlasCompleted) {
			find("false success", `COMPLETED of ${change.clusterName} though Atlas did not say so`);
		}
	}
	const known = new Set(runs.map(({ run }) => run));
	for (const { change } of events) if (!known.has(change.run)) find("duplicate", `an event of a run nobody accepted`);
	for (const { run } of answers) if (run !== undefined && !known.has(run)) find("lost", "accepted, but never started");

	const marked = snapshots.filter(({ description }) => description.includes("[run:"));
	const ours = runs.flatMap(({ run, clusters }) => clusters.map((clusterName) => ({ run, clusterName })));
	for (const { description, clusterName } of marked) {
		if (ours.some((one) => one.clusterName === clusterName && description.endsWith(marker(one.run, STACK)))) continue;
		find("duplicate", `a snapshot of ${clusterName} that no accepted run asked for`);
	}

	for (const { run, clusters, maySkip, status, error, reply } of runs) {
		const ended = status === "SUCCEEDED" || status === "FAILED";
		if (!ended) find("lost", `the run did not end: ${status}`);
		const told = targetsOf(reply);
		const states: SnapshotStateChange["state"][] = [];
		for (const clusterName of clusters) {
			const taken = marked.filter(
				(one) => one.clusterName === clusterName && one.description.endsWith(marker(run, STACK)),
			);
			// One that was deleted before it was ever seen is no longer there to be found again.
			const extra = taken.filter((one, index) => index > 0 && !isGone(taken[index - 1], one.requestedAt));
			if (extra.length > 0) find("duplicate", `${1 + extra.length} snapshots of ${clusterName}`);
			const finals = events.filter(
				({ change }) => change.run === run && change.clusterName === clusterName && FINAL.has(change.state),
			);
			const distinct = [...new Set(finals.map(({ change }) => identify(change)))];
			if (distinct.length > 1)
				find("duplicate", `${distinct.length} final states of ${clusterName}: ${distinct.join(" and ")}`);
			const final = finals[0]?.change;
			if (!final) {
				find("lost", `${clusterName} has no final state; the run ended as ${status} (${error})`);
				continue;
			}
			states.push(final.state);
			if (final.state === "SKIPPED" && !maySkip)
				find("false success", `${clusterName} was skipped against its request`);
			const said = told.get(clusterName);
			if (said !== final.state) {
				const kind = said === "COMPLETED" ? "false success" : "lost";
				find(kind, `the status reply says ${said} of ${clusterName}, the event ${final.state}: ${reply.slice(0, 400)}`);
			}
		}
		const all = states.length === clusters.length && states.every(isSuccess);
		if (status === "SUCCEEDED" && !all) find("false success", `the run succeeded with ${states.join(", ")}`);
		if (status === "FAILED" && all) find("lost", "the run failed though every target was completed or skipped");
	}
	return findings;
}

const isGone = (before: Observed["snapshots"][number] | undefined, at: number): boolean =>
	before?.goneAt !== undefined && before.goneAt <= at;

/**
 * What makes two events the same. A process that dies between an accepted event and its checkpoint publishes again; the
 * look that proves a completed snapshot is made anew then, so that the warnings may differ.
 */
export const identify = ({ snapshot: _snapshot, warnings: _warnings, ...change }: SnapshotStateChange): string =>
	JSON.stringify(change);

/** Cluster → state, as a status reply tells it. */
function targetsOf(reply: string): ReadonlyMap<string, string> {
	const { targets = [] }: { targets?: readonly { clusterName: string; state: string }[] } = JSON.parse(reply);
	return new Map(targets.map(({ clusterName, state }) => [clusterName, state]));
}
