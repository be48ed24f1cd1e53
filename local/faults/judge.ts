import { judgePunctuality } from "./judge-punctuality.ts";
import { judgeTruth } from "./judge-truth.ts";
import type { Finding, Observed, ObservedRequest } from "./observed.ts";

/** Holds what was seen against the promises. It knows them as numbers and words of its own, not as the functions do. */
export const judge = (observed: Observed): readonly Finding[] => [
	...observed.leaks.map((what): Finding => ({ kind: "leak", what })),
	...judgeTruth(observed),
	...judgePunctuality(observed),
	...judgeManners(observed),
];

/** Operations of a durable execution at AWS, and the share of one target: 25 share an execution. */
const MOST_OPERATIONS = 3_000;
const OPERATIONS_A_TARGET = 120;
/** Milliseconds after a reply within which requests may already have been on their way. */
const CROSSING = 3_000;

/** `Retry-After` is honoured in full, and no execution outgrows what AWS allows. */
function judgeManners({ requests, operations, clusters, runs }: Observed): readonly Finding[] {
	const findings: Finding[] = [];
	/** Per process and set of endpoints: until when Atlas asked to wait. */
	const held = new Map<string, { readonly from: number; readonly until: number; readonly by: ObservedRequest }[]>();
	for (const request of requests) {
		const key = `${request.process} ${endpointsOf(request.path)}`;
		const holds = held.get(key) ?? [];
		const broken = holds.find(({ from, until }) => request.at > from + CROSSING && request.at < until);
		if (broken) {
			findings.push({
				kind: "undercut retry-after",
				what: `a ${request.kind} came ${Math.round((broken.until - request.at) / 1000)} s before the ${broken.by.retryAfter} s were over that a ${broken.by.kind} was told to wait`,
			});
		}
		const { retryAfter, endedAt, status } = request;
		if (retryAfter !== null && endedAt !== null && (status === 429 || status === 503)) {
			// A second less: the clocks of both sides count whole ones.
			holds.push({ from: endedAt, until: endedAt + retryAfter * 1000 - 1000, by: request });
			held.set(key, holds);
		}
	}
	const most = Math.min(MOST_OPERATIONS, OPERATIONS_A_TARGET * clusters.length + 30);
	for (const count of operations) {
		if (count > most) findings.push({ kind: "operations exceeded", what: `${count} operations, ${runs.length} runs` });
	}
	return findings;
}

/** Atlas's buckets: those of snapshots, clusters, projects, and the token endpoint's own. */
function endpointsOf(path: string): string {
	if (path.startsWith("/api/oauth/")) return "token";
	if (path.includes("/backup/")) return "snapshots";
	return path.includes("/clusters") ? "clusters" : "projects";
}
