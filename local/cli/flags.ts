import { InputError } from "../../lambda/domain/errors.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import { type FlagsOf, readFlags, UsageError } from "./command.ts";

export const USAGE = `npm start                       two snapshots in a simulated Atlas and AWS:
                                one by a schedule, one by HTTP
npm start -- FLAGS              carries out your request instead

  which clusters
    --cluster NAME              by name; may be repeated
    --all                       every cluster that can have a snapshot
    --tag KEY=VALUE             those that carry the tag; may be repeated, all
                                must match
    --project ID                their project; may be left out with --all, --tag
  the snapshot
    --retention-days N          default 7
    --description TEXT
    --on-conflict POLICY        join (default), wait, skip or fail
    --deadline-minutes N        after which a snapshot that still runs is LATE
    --minimum-age-minutes N     skips a cluster whose newest on-demand snapshot
                                is younger
  where
    --atlas-url URL             a real Atlas instead of the simulator; keys from
                                the environment: MONGODB_ATLAS_CLIENT_ID and
                                _CLIENT_SECRET, or MONGODB_ATLAS_PUBLIC_API_KEY
                                and _PRIVATE_API_KEY. The doctor's checks come
                                first: what cannot succeed is not begun
    --poll-seconds N            first wait between polls, default 15, with the
                                simulator 1
  how
    --event FILE                hands this event to the trigger function: of
                                EventBridge Scheduler, EventBridge or API
                                Gateway; - is standard input
    --serve [--port N] [--iam]  serves the HTTP API on this machine; hook keys
                                from WEBHOOK_SECRETS
    --json                      standard output carries the published events
                                only, one object a line
    --help, -h

exit code: 0 every target COMPLETED or SKIPPED, 1 some target ended otherwise,
           2 the call was wrong, 130 Ctrl-C
POWERTOOLS_LOG_LEVEL=INFO shows the functions' logs`;

const OPTIONS = {
	json: { type: "boolean" },
	project: { type: "string" },
	cluster: { type: "string", multiple: true },
	all: { type: "boolean" },
	tag: { type: "string", multiple: true },
	"retention-days": { type: "string" },
	description: { type: "string" },
	"on-conflict": { type: "string" },
	"deadline-minutes": { type: "string" },
	"minimum-age-minutes": { type: "string" },
	"atlas-url": { type: "string" },
	event: { type: "string" },
	"poll-seconds": { type: "string" },
	serve: { type: "boolean" },
	port: { type: "string" },
	iam: { type: "boolean" },
} as const;

export type Flags = FlagsOf<typeof OPTIONS>;

/** The flags of `npm start`. @throws UsageError */
export const readStartFlags = (args: readonly string[]) => readFlags(args, OPTIONS);

/** A request as it is sent: JSON, its defaults not yet filled in. */
export type RequestDraft = Readonly<Record<string, unknown>>;

const REQUEST_FLAGS = [
	"project",
	"cluster",
	"all",
	"tag",
	"retention-days",
	"description",
	"on-conflict",
	"deadline-minutes",
	"minimum-age-minutes",
] as const;

/** The first flag of a request that was given. */
export const requestFlag = (flags: Flags): string | undefined =>
	REQUEST_FLAGS.find((name) => flags[name] !== undefined);

/**
 * Makes a request of the flags.
 *
 * @param projectId the simulator's, for a request that names clusters and no project; absent with a real Atlas
 * @throws UsageError naming every flag at fault
 */
export function requestOfFlags(flags: Flags, projectId?: string): RequestDraft {
	const { project, cluster, all, tag, description } = flags;
	const ways = [cluster && "--cluster", all && "--all", tag && "--tag"].filter((way) => typeof way === "string");
	if (ways.length > 1) throw new UsageError(`${ways.join(" and ")} exclude each other: choose one`);
	if (ways.length === 0) throw new UsageError("--cluster, --all or --tag must say which clusters");
	const request = {
		projectId: project ?? (cluster && projectId),
		clusters: cluster ?? (tag ? { tags: readTags(tag) } : "all"),
		retentionInDays: toWhole(flags["retention-days"]),
		description,
		onConflict: flags["on-conflict"],
		deadlineMinutes: toWhole(flags["deadline-minutes"]),
		minimumAgeMinutes: toWhole(flags["minimum-age-minutes"]),
	};
	check(request);
	return request;
}

function readTags(texts: readonly string[]): Readonly<Record<string, string>> {
	const tags = texts.map((text): [string, string] => {
		const mark = text.indexOf("=");
		if (mark < 1 || mark === text.length - 1) throw new UsageError("--tag must be KEY=VALUE");
		return [text.slice(0, mark), text.slice(mark + 1)];
	});
	if (new Set(tags.map(([key]) => key)).size < tags.length) {
		throw new UsageError("--tag must name each key once: a cluster carries one value of it");
	}
	return Object.fromEntries(tags);
}

/** Anything but digits is left to the request's own rule for whole numbers. */
const toWhole = (text: string | undefined): number | undefined =>
	text === undefined ? undefined : /^\d+$/.test(text) ? Number(text) : Number.NaN;

const FLAG_OF: Readonly<Record<string, string>> = {
	projectId: "--project",
	retentionInDays: "--retention-days",
	description: "--description",
	onConflict: "--on-conflict",
	deadlineMinutes: "--deadline-minutes",
	minimumAgeMinutes: "--minimum-age-minutes",
};

function check(request: RequestDraft): void {
	try {
		readSnapshotRequest(request);
	} catch (error) {
		if (!(error instanceof InputError)) throw error;
		throw new UsageError(faultsInFlags(error));
	}
}

/** The faults of a request, by the flags that it was made of. */
export function faultsInFlags({ faults }: InputError): string {
	return [...new Set(faults.map(({ pointer, detail }) => `${flagAt(pointer)} ${inFlags(detail)}`))].join("; ");
}

function flagAt(pointer: string): string {
	const [field = "", inner] = pointer.slice(1).split("/");
	return FLAG_OF[field] ?? (inner === "tags" ? "--tag" : "--cluster");
}

const inFlags = (detail: string): string => detail.replace('"all" or tags', "--all or --tag");
