import * as v from "valibot";
import { InputError, toFaults, unknownFields } from "./errors.ts";
import { isRecord } from "./json.ts";

/** What to do when an on-demand snapshot that is not ours is queued or in progress. */
export type ConflictPolicy = "join" | "wait" | "skip" | "fail";

/** Which clusters: by name, all of them, or those that carry every one of the tags. */
export type ClusterSelection = readonly string[] | "all" | { readonly tags: Readonly<Record<string, string>> };
/** Whether a request names its clusters; otherwise they are found by `all` or tags. */
export const isListOfNames = (clusters: ClusterSelection): clusters is readonly string[] => Array.isArray(clusters);

/** A snapshot request with every default filled in. */
export interface SnapshotRequest {
	/** 24 hex digits; absent only beside `all` or tags: then every project that the keys can see. */
	readonly projectId?: string;
	readonly clusters: ClusterSelection;
	readonly description?: string;
	/** Whole days, from the snapshot's completion on. */
	readonly retentionInDays: number;
	readonly onConflict: ConflictPolicy;
	/** Minutes after which a snapshot that still runs is published as `LATE`. */
	readonly deadlineMinutes: number;
	/** Skip a cluster whose newest completed on-demand snapshot is younger than so many minutes. */
	readonly minimumAgeMinutes?: number;
}

/** Minutes of three days: past them a run stops following. */
export const HARD_LIMIT_MINUTES = 3 * 24 * 60;
/** For so many minutes at least a snapshot is followed past its deadline. */
const AFTER_DEADLINE_MINUTES = 12 * 60;

/** Minutes from its start after which a run stops following: three days, or longer where the deadline is almost there. */
export const followingMinutes = ({ deadlineMinutes }: Pick<SnapshotRequest, "deadlineMinutes">): number =>
	Math.max(HARD_LIMIT_MINUTES, deadlineMinutes + AFTER_DEADLINE_MINUTES);

export const ProjectId = v.pipe(
	v.string("must be a string"),
	v.regex(/^[a-f0-9]{24}$/, "must be 24 hexadecimal digits, lower case"),
);

export const ClusterName = v.pipe(
	v.string("must be a string"),
	v.maxLength(64, "must not be longer than 64 characters"),
	v.regex(/^[a-zA-Z0-9][a-zA-Z0-9-]*$/, "must be a cluster name: letters, digits and hyphens, not a hyphen first"),
);

const TagText = v.pipe(
	v.string("must be a string"),
	v.minLength(1, "must not be empty"),
	v.maxLength(255, "must not be longer than 255 characters"),
);

const Tags = v.object(
	{
		tags: v.pipe(
			v.custom<Record<string, unknown>>((tags) => isRecord(tags), "must be an object of tag keys and values"),
			v.record(TagText, TagText),
			v.check((tags) => Object.keys(tags).length > 0, "must name at least one tag"),
		),
	},
	'must be {"tags": {…}}',
);

const Clusters = v.lazy((input) => {
	if (Array.isArray(input)) {
		return v.pipe(
			// Its length first: the names of a list that is too long are not checked.
			v.array(v.unknown()),
			v.minLength(1, "must name at least one cluster"),
			v.maxLength(1000, "must not name more than 1000 clusters"),
			v.array(ClusterName),
			v.transform((names) => [...new Set(names)]),
		);
	}
	if (typeof input === "object" && input !== null) return Tags;
	return v.literal("all", 'must be a list of cluster names, "all" or {"tags": {…}}');
});

/** A whole number within bounds, `what` being its unit. */
export const wholeNumber = (minimum: number, maximum: number, what: string) =>
	v.pipe(
		v.number(`must be a whole number of ${what}`),
		v.integer(`must be a whole number of ${what}`),
		v.minValue(minimum, `must be ${minimum} or more`),
		v.maxValue(maximum, `must be ${maximum} or less`),
	);

const SnapshotRequestSchema = v.object(
	{
		projectId: v.optional(ProjectId),
		groupId: v.optional(ProjectId),
		clusters: v.optional(Clusters),
		clusterName: v.optional(ClusterName),
		description: v.optional(
			v.pipe(
				v.string("must be a string"),
				v.maxLength(400, "must not be longer than 400 characters"),
				v.regex(/^\P{Cc}*$/u, "must not hold control characters"),
			),
		),
		retentionInDays: v.optional(wholeNumber(1, 2 ** 31 - 1, "days"), 7),
		onConflict: v.optional(v.picklist(["join", "wait", "skip", "fail"], "must be join, wait, skip or fail"), "join"),
		deadlineMinutes: v.optional(wholeNumber(1, HARD_LIMIT_MINUTES, "minutes"), 60),
		minimumAgeMinutes: v.optional(wholeNumber(1, 2 ** 31 - 1, "minutes")),
	},
	"must be a JSON object",
);

/**
 * Reads a request and fills in its defaults. The synonyms `groupId` and `clusterName` end here.
 *
 * @throws InputError `REQUEST_INVALID`, naming every fault at once and quoting no value
 */
export function readSnapshotRequest(input: unknown): SnapshotRequest {
	if (!isRecord(input))
		throw new InputError("REQUEST_INVALID", "request", [{ pointer: "", detail: "must be a JSON object" }]);
	const read = v.safeParse(SnapshotRequestSchema, input, { abortPipeEarly: true });
	const faults = [
		...(read.issues ? toFaults(read.issues) : []),
		...unknownFields(input, SnapshotRequestSchema.entries),
		...(isRecord(input["clusters"]) ? unknownFields(input["clusters"], Tags.entries, "/clusters") : []),
		...crossFaults(input),
	];
	if (!read.success || faults.length > 0) throw new InputError("REQUEST_INVALID", "request", faults);
	const { projectId, groupId, clusters, clusterName, ...rest } = read.output;
	const project = projectId ?? groupId;
	const selection = clusters ?? [clusterName ?? ""];
	return { ...(project === undefined ? {} : { projectId: project }), clusters: selection, ...withoutUndefined(rest) };
}

/** Rules between fields. They check the raw input, so that their faults are reported along with those of single fields. */
function crossFaults(input: Readonly<Record<string, unknown>>): { pointer: string; detail: string }[] {
	const has = (key: string) => input[key] !== undefined;
	const faults = [];
	if (has("projectId") && has("groupId") && input["projectId"] !== input["groupId"]) {
		faults.push({ pointer: "/groupId", detail: "must equal projectId, of which it is a synonym" });
	}
	if (has("clusters") && has("clusterName")) {
		faults.push({ pointer: "/clusterName", detail: "must be left out beside clusters" });
	}
	if (!has("clusters") && !has("clusterName")) {
		faults.push({ pointer: "/clusters", detail: "is missing" });
	}
	const tags = isRecord(input["clusters"]) ? input["clusters"]["tags"] : undefined;
	for (const key of isRecord(tags) ? Object.keys(tags).filter((name) => UNSAFE_KEYS.has(name)) : []) {
		faults.push({ pointer: `/clusters/tags/${key}`, detail: "can't be used as a tag" });
	}
	const byName = has("clusterName") || Array.isArray(input["clusters"]);
	if (byName && !has("projectId") && !has("groupId")) {
		faults.push({ pointer: "/projectId", detail: 'is missing (it may be left out only beside "all" or tags)' });
	}
	return faults;
}

/** Keys that the schema library passes over in silence, since they could reach a prototype. */
const UNSAFE_KEYS: ReadonlySet<string> = new Set(["__proto__", "prototype", "constructor"]);

function withoutUndefined<T extends object>(object: T): T {
	return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
