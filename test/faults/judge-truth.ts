import { judgeFinal } from "./judge-final.ts";
import {
	eventsOf,
	FINAL,
	type Finding,
	type Observed,
	type ObservedRun,
	type ObservedSnapshot,
	oursOf,
} from "./observed.ts";
import { identify } from "./tally.ts";

/** Never two, none lost, and nothing said that is not so. */
export function judgeTruth(observed: Observed): readonly Finding[] {
	const { runs, events, snapshots, answers } = observed;
	const findings: Finding[] = [];
	const find = (kind: Finding["kind"], what: string) => findings.push({ kind, what });

	const known = new Set(runs.map(({ run }) => run));
	for (const { change } of events) if (!known.has(change.run)) find("duplicate", "an event of a run nobody accepted");
	for (const { run, refused, forbidden } of answers) {
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
