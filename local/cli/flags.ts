import { type FlagsOf, readFlags } from "./command.ts";

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
