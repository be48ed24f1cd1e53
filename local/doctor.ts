import { parseArgs } from "node:util";
import { isAllowedAtlas } from "../lambda/config.ts";
import { examineAtlas } from "../lambda/connect/doctor.ts";
import { readComplaint } from "../lambda/doctor/complaint.ts";
import type { Complaint } from "../lambda/doctor/examine.ts";
import { writeReport } from "../lambda/doctor/report.ts";
import { InputError } from "../lambda/domain/errors.ts";
import { startAtlas } from "./atlas/index.ts";
import { secretOfEnvironment } from "./cli/credentials.ts";
import { HELP } from "./cli/read-command.ts";
import { UsageError } from "./cli/usage-error.ts";

const USAGE = `npm run doctor -- [FLAGS]         says, a line per check, whether a snapshot would succeed, and takes none
  --atlas-url URL               a real Atlas instead of the simulator; keys from the environment:
                                MONGODB_ATLAS_CLIENT_ID and _CLIENT_SECRET, or
                                MONGODB_ATLAS_PUBLIC_API_KEY and _PRIVATE_API_KEY
  --project ID                  default the first that the keys see
  --cluster NAME                default the first of the project that can have a snapshot
  --retention-days N            as a request would ask for, default 7
  --json                        the report as one JSON object
  --help, -h

✓ well, ✗ to be mended, – could not be checked
exit code: 0 healthy, 1 not, 2 the call was wrong`;

const OPTIONS = {
	"atlas-url": { type: "string" },
	project: { type: "string" },
	cluster: { type: "string" },
	"retention-days": { type: "string" },
	json: { type: "boolean" },
	...HELP,
} as const;

try {
	process.exitCode = await main(process.argv.slice(2));
} catch (error) {
	if (!(error instanceof UsageError)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exitCode = 2;
}

async function main(args: readonly string[]): Promise<0 | 1> {
	const flags = readFlags(args);
	if (flags.help) {
		process.stdout.write(`${USAGE}\n`);
		return 0;
	}
	const complaint = readFlaggedComplaint(flags);
	await using atlas = await openAtlas(flags["atlas-url"]);
	const report = await examineAtlas(
		{
			baseUrl: atlas.url,
			secretId: atlas.secretId,
			readSecretText: async () => atlas.secret,
			now: () => Date.now(),
		},
		complaint,
	);
	process.stdout.write(`${flags.json ? JSON.stringify(report) : writeReport(report)}\n`);
	return report.healthy ? 0 : 1;
}

/** @throws UsageError; no value is quoted */
function readFlags(args: readonly string[]) {
	try {
		return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
	} catch {
		throw new UsageError(`these flags are not understood\n\n${USAGE}`);
	}
}

function readFlaggedComplaint(flags: ReturnType<typeof readFlags>): Complaint {
	const days = flags["retention-days"];
	try {
		return readComplaint({
			...(flags.project === undefined ? {} : { projectId: flags.project }),
			...(flags.cluster === undefined ? {} : { clusterName: flags.cluster }),
			...(days === undefined ? {} : { retentionInDays: /^\d+$/.test(days) ? Number(days) : Number.NaN }),
		});
	} catch (error) {
		if (error instanceof InputError) throw new UsageError(error.message);
		throw error;
	}
}

interface Examined extends AsyncDisposable {
	readonly url: string;
	readonly secret: string;
	/** Where the keys come from, for messages. */
	readonly secretId: string;
}

/** @throws UsageError */
async function openAtlas(url: string | undefined): Promise<Examined> {
	if (url === undefined) {
		const atlas = await startAtlas();
		const { clientId, clientSecret } = atlas;
		process.stderr.write("no --atlas-url: this is the embedded Atlas; --help says how to name a real one\n");
		return {
			url: atlas.url,
			secret: JSON.stringify({ clientId, clientSecret }),
			secretId: "of the embedded Atlas",
			[Symbol.asyncDispose]: () => atlas.close(),
		};
	}
	if (!isAllowedAtlas(url)) {
		throw new UsageError("--atlas-url must be an https URL without path or query (http only for loopback)");
	}
	return {
		url: new URL(url).origin,
		secret: secretOfEnvironment(process.env),
		secretId: "of the environment",
		[Symbol.asyncDispose]: async () => {},
	};
}
