import { InputError, type InputFault } from "./errors.ts";
import type { Limits, RequestLimits } from "./limits.ts";
import type { Reason, Target } from "./outcome.ts";
import { isNames, type SnapshotRequest } from "./request.ts";
import type { RequestedBy, Run } from "./run.ts";

/**
 * Holds a run against the limits of its caller. Schedules, and requests at the terminal, are the operator's own and have
 * none.
 *
 * @throws InputError `NOT_ALLOWED`, naming every field and the limit that forbids it
 */
export function checkAllowed(limits: RequestLimits, { requestedBy, request }: Run): void {
	const kind = limitedKind(requestedBy);
	const faults = kind ? forbidden(limits[kind], `limits.${kind}`, request) : [];
	if (faults.length > 0) throw new InputError("NOT_ALLOWED", "request", faults);
}

/**
 * Holds the clusters that a run has found against the limits of its caller: of a selection they are known only then.
 *
 * @param found clusters that would be backed up
 * @throws InputError `NOT_ALLOWED`
 */
export function checkCount(limits: RequestLimits, { requestedBy }: Run, found: number): void {
	const kind = limitedKind(requestedBy);
	if (kind === undefined || found <= limits[kind].maxClusters) return;
	const detail = `must not select more than ${limits[kind].maxClusters}, but selects ${found} (limits.${kind}.maxClusters)`;
	throw new InputError("NOT_ALLOWED", "request", [{ pointer: "/clusters", detail }]);
}

/** @returns why this one target of a run may not be backed up for its caller */
export function forbiddenTarget(limits: RequestLimits, { requestedBy }: Run, target: Target): Reason | undefined {
	const kind = limitedKind(requestedBy);
	if (kind === undefined) return undefined;
	const isNamed = isProject(limits[kind], target.projectId);
	if (isNamed && isCluster(limits[kind], target.clusterName)) return undefined;
	const limit = `limits.${kind}.${isNamed ? "clusters" : "projectIds"}`;
	return { code: "NOT_ALLOWED", message: `the selection finds it, but ${limit} does not name it` };
}

/** @returns whose limits bind a caller */
function limitedKind(requestedBy: RequestedBy): keyof RequestLimits | undefined {
	if (requestedBy.startsWith("hook:")) return "hook";
	if (requestedBy.startsWith("iam:")) return "http";
	return requestedBy.startsWith("event:") ? "event" : undefined;
}

/** @param name how the operator knows these limits */
function forbidden(limits: Limits, name: string, request: SnapshotRequest): InputFault[] {
	const { projectId, clusters, retentionInDays } = request;
	const { maxRetentionInDays, maxClusters, allowSelections, allowAllProjects } = limits;
	const named = isNames(clusters) ? clusters : undefined;
	const faults: InputFault[] = [];
	const when = (broken: boolean, pointer: string, detail: string) => {
		if (broken) faults.push({ pointer, detail });
	};
	when(
		retentionInDays > maxRetentionInDays,
		"/retentionInDays",
		`must be ${maxRetentionInDays} or less (${name}.maxRetentionInDays)`,
	);
	when(named === undefined && !allowSelections, "/clusters", `must be a list of names (${name}.allowSelections)`);
	when((named?.length ?? 0) > maxClusters, "/clusters", `must not name more than ${maxClusters} (${name}.maxClusters)`);
	when(
		!(named ?? []).every((cluster) => isCluster(limits, cluster)),
		"/clusters",
		`must name allowed clusters only (${name}.clusters)`,
	);
	when(projectId === undefined && !allowAllProjects, "/projectId", `must not be left out (${name}.allowAllProjects)`);
	when(
		projectId !== undefined && !isProject(limits, projectId),
		"/projectId",
		`must be an allowed project (${name}.projectIds)`,
	);
	return faults;
}

const isProject = ({ projectIds }: Limits, projectId: string): boolean => projectIds?.includes(projectId) ?? true;

const isCluster = ({ clusters }: Limits, name: string): boolean =>
	clusters?.some((pattern) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern)) ??
	true;
