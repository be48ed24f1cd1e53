import { eventsOf, FINAL, type Finding, type Observed, type ObservedRun, type ObservedSnapshot } from "./observed.ts";
import { dueAt } from "./troubles.ts";

/** Milliseconds after the deadline within which a request that was decided before may still arrive. */
const ON_ITS_WAY = 60_000;

/** Requests about one target after which its pauses may grow faster than a tenth. */
const MANY_REQUESTS = 60;

/** Nothing is asked for after the deadline, and what happened is told in time. */
export function judgePunctuality(observed: Observed): readonly Finding[] {
	const findings: Finding[] = [];
	const find = (kind: Finding["kind"], what: string) => findings.push({ kind, what });
	const { runs, requests, wanted, skew } = observed;
	const deadlines = runs.map(({ startedAt }) => startedAt + wanted.deadlineMinutes * 60_000);
	const last = Math.max(...deadlines);
	for (const { at, kind, cluster } of requests) {
		if (kind !== "take" || at <= last + ON_ITS_WAY + skew) continue;
		find("late ask", `${cluster} was asked for ${seconds(at - last)} after the deadline`);
	}
	for (const [index, run] of runs.entries()) {
		const { acceptedAt, startedAt } = run;
		if (startedAt > dueAt(acceptedAt, acceptedAt, observed.troubles, { skew, share: SHARE })) {
			find("late notice", `the run noted its start ${seconds(startedAt - acceptedAt)} after AWS started it`);
		}
		for (const { name } of observed.clusters) {
			findings.push(...judgeTarget(observed, run, name, deadlines[index] ?? last));
		}
	}
	return findings;
}

/** Share of a snapshot's duration within which its end is told; and where earlier ones may have misled. */
const SHARE = 0.1;
const MISLED_SHARE = 1;

/** Whether earlier snapshots of the cluster tell how long one takes, be it so or not. */
const isPredicted = ({ snapshots }: Observed, { clusterName, requestedAt }: ObservedSnapshot): boolean =>
	snapshots.filter(
		(one) => one.clusterName === clusterName && one.snapshotType === "onDemand" && one.endsAt < requestedAt,
	).length >= 2;

const seconds = (milliseconds: number): string => `${Math.round(milliseconds / 1000)} s`;

function judgeTarget(observed: Observed, run: ObservedRun, name: string, deadlineAt: number): readonly Finding[] {
	const { troubles, skew, snapshots } = observed;
	const { startedAt } = run;
	const events = eventsOf(observed, run, name);
	const final = events.find(({ change }) => FINAL.has(change.state));
	if (!final) return [];
	const findings: Finding[] = [];
	const find = (what: string) => findings.push({ kind: "late notice", what: `${name}: ${what}` });
	const outside = troubles.filter(({ what }) => what !== "atlas");

	// Whatever Atlas does, by the deadline it is either over or told to be late.
	const noted = events.find(({ change }) => change.state === "LATE" || FINAL.has(change.state));
	const notedAt = dueAt(deadlineAt, startedAt, outside, { skew, share: SHARE });
	// A notice that the bus refuses is not tried for ever.
	const busFailed = troubles.some(({ what, from, to }) => what === "bus" && from <= notedAt && to >= deadlineAt);
	if (noted && noted.at > notedAt && !busFailed) {
		find(`nothing was told until ${seconds(noted.at - deadlineAt)} after the deadline`);
	}
	// Who has been turned away so often waits longer, to stay within the operations of an execution.
	const asked = observed.requests.filter(({ cluster }) => cluster === name).length;
	if (asked > MANY_REQUESTS) return findings;
	const followed = snapshots.find(({ id }) => id === final.change.snapshotId);
	if (!followed) return findings;
	const { requestedAt, endsAt, ending } = followed;
	const slack = { skew, share: isPredicted(observed, followed) ? MISLED_SHARE : SHARE };
	// One whose reply was lost is found where lists show it, and looked for with pauses that grow with the run.
	const isRecovered = final.change.provenance === "recovered";
	const since = isRecovered ? startedAt : requestedAt;
	const seenAt = Math.max(endsAt, startedAt, isRecovered ? requestedAt + observed.listDelay : 0);
	// That a snapshot is gone is believed at the second look.
	const knownAt = ending === "vanished" ? dueAt(seenAt, since, troubles, slack) : seenAt;
	const endDue = dueAt(knownAt, since, troubles, slack);
	if (final.at > endDue)
		find(`its end was told ${seconds(final.at - endsAt)} late, ${seconds(endsAt - requestedAt)} long`);
	return findings;
}
