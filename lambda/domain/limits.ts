import * as v from "valibot";
import { InputError, type InputFault, toFaults, unknownFields } from "./errors.ts";
import type { Reason, Target } from "./outcome.ts";
import { ClusterName, isListOfNames, ProjectId, type SnapshotRequest } from "./request.ts";
import type { RequestedBy, Run } from "./run.ts";

/** What one kind of caller may ask for. */
type CallerLimits = Readonly<v.InferOutput<ReturnType<typeof limitsWith>>>;
/** The limits of every kind of caller that has any. */
export type RequestLimits = Readonly<v.InferOutput<typeof RequestLimitsSchema>>;
/** As the operator writes them: what is left out has its default. */
export type RequestLimitsInput = Readonly<v.InferInput<typeof RequestLimitsSchema>>;

const whole = v.pipe(
	v.number("must be a whole number"),
	v.integer("must be a whole number"),
	v.minValue(1, "must be 1 or more"),
);
const flag = v.boolean("must be true or false");

const listOf = <S extends v.GenericSchema<unknown, string>>(item: S, what: string) =>
	v.optional(v.pipe(v.array(item, `must be a list of ${what}`), v.minLength(1, "must not be empty")));

/** A cluster's name, or the beginning of one and a `*`; a lone `*` stands for every cluster. */
const NamePattern = v.pipe(
	v.string("must be a string"),
	v.check(
		(pattern) => pattern === "*" || v.is(ClusterName, pattern.replace(/\*$/, "")),
		"must be a cluster name, or the beginning of one and a *",
	),
);

const limitsWith = (retention: number, clusters: number, selections: boolean) =>
	v.object(
		{
			/** Absent: any project. */
			projectIds: listOf(ProjectId, "project ids"),
			/** Absent: any cluster. */
			clusters: listOf(NamePattern, "cluster names"),
			maxRetentionInDays: v.optional(whole, retention),
			/** Clusters of one run, named or found. */
			maxClusters: v.optional(whole, clusters),
			/** Whether clusters may be selected by `all` or tags. */
			allowSelections: v.optional(flag, selections),
			/** Whether a selection may leave the project out. */
			allowAllProjects: v.optional(flag, false),
		},
		"must be a JSON object",
	);

const HOOK = limitsWith(35, 20, false);
const OTHER = limitsWith(400, 200, true);

const RequestLimitsSchema = v.object(
	{ hook: v.optional(HOOK, {}), http: v.optional(OTHER, {}), event: v.optional(OTHER, {}) },
	"must be a JSON object",
);

/** Limits, or `faults`, all of them, where they are malformed: what is not understood must let nothing pass. */
type ReadLimits =
	| { readonly limits: RequestLimits; readonly faults?: undefined }
	| { readonly faults: readonly InputFault[] };

/**
 * Reads limits from JSON. A field that an object names twice is a fault: which of the two counts, JSON leaves open, and
 * it could be the looser.
 *
 * @see RFC 8259 §4
 */
export function parseLimits(text: string): ReadLimits {
	let input: unknown;
	try {
		input = JSON.parse(text);
	} catch {
		return { faults: [{ pointer: "", detail: "must be JSON" }] };
	}
	// In limits a colon stands behind names alone.
	if (text.split(":").length === JSON.stringify(input).split(":").length) return readCallerLimits(input);
	return { faults: [{ pointer: "", detail: "must not name a field twice" }] };
}

/** Reads limits and fills in their defaults. */
export function readCallerLimits(input: unknown): ReadLimits {
	const read = v.safeParse(RequestLimitsSchema, input, { abortPipeEarly: true });
	const kinds = Object.keys(RequestLimitsSchema.entries);
	const unknown = [
		...unknownFields(input, RequestLimitsSchema.entries),
		...kinds.flatMap((kind) => unknownFields(fieldOf(input, kind), OTHER.entries, `/${kind}`)),
	];
	if (read.success && unknown.length === 0) return { limits: read.output };
	return { faults: [...toFaults(read.issues ?? []), ...unknown] };
}

const fieldOf = (input: unknown, key: string): unknown =>
	typeof input === "object" && input !== null ? Reflect.get(input, key) : undefined;

/**
 * Holds a run against the limits of its caller. Schedules, and requests at the terminal, are the operator's own and have
 * none.
 *
 * @throws InputError `NOT_ALLOWED`, naming every field and the limit that forbids it
 */
export function checkRequestLimits(limits: RequestLimits, { requestedBy, request }: Run): void {
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
export function checkClusterCount(limits: RequestLimits, { requestedBy }: Run, found: number): void {
	const kind = limitedKind(requestedBy);
	if (kind === undefined || found <= limits[kind].maxClusters) return;
	const detail = `must not select more than ${limits[kind].maxClusters}, but selects ${found} (limits.${kind}.maxClusters)`;
	throw new InputError("NOT_ALLOWED", "request", [{ pointer: "/clusters", detail }]);
}

/** @returns why this one target of a run may not be backed up for its caller */
export function limitRefusal(limits: RequestLimits, { requestedBy }: Run, target: Target): Reason | undefined {
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
function forbidden(limits: CallerLimits, name: string, request: SnapshotRequest): InputFault[] {
	const { projectId, clusters, retentionInDays } = request;
	const { maxRetentionInDays, maxClusters, allowSelections, allowAllProjects } = limits;
	const named = isListOfNames(clusters) ? clusters : undefined;
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

const isProject = ({ projectIds }: CallerLimits, projectId: string): boolean => projectIds?.includes(projectId) ?? true;

const isCluster = ({ clusters }: CallerLimits, name: string): boolean =>
	clusters?.some((pattern) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern)) ??
	true;
