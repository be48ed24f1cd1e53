import { InputError } from "../lambda/domain/errors.ts";
import type { CheckRequest } from "../lambda/monitoring/doctor/examine.ts";
import { readCheckRequest, runDoctor } from "../lambda/monitoring/doctor/examine.ts";
import { formatReport, REPORT_INDENT } from "../lambda/monitoring/doctor/report.ts";
import { startAtlas } from "./atlas/index.ts";
import { exitWithUsageError, readCommand, UsageError } from "./cli/command.ts";
import { readAtlasUrl, secretOfEnvironment } from "./cli/credentials.ts";
import { faultsInFlags } from "./cli/flags.ts";
import { createScreen } from "./terminal/screen.ts";

const USAGE = `npm run doctor -- [FLAGS]        says, a line per check, whether a snapshot
                                would succeed, and takes none
  --atlas-url URL               a real Atlas instead of the simulator; keys from
                                the environment: MONGODB_ATLAS_CLIENT_ID and
                                _CLIENT_SECRET, or MONGODB_ATLAS_PUBLIC_API_KEY
                                and _PRIVATE_API_KEY
  --project ID                  default the first that the keys see
  --cluster NAME                default the first of the project that can have a
                                snapshot
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
} as const;

const { url, request, json } = readCommand(USAGE, OPTIONS, (flags) => {
	const days = flags["retention-days"];
	return {
		url: readAtlasUrl(flags["atlas-url"]),
		request: readFlaggedRequest({
			projectId: flags.project,
			clusterName: flags.cluster,
			retentionInDays: days === undefined ? undefined : /^\d+$/.test(days) ? Number(days) : Number.NaN,
		}),
		json: flags.json ?? false,
	};
});
try {
	await using atlas = await openAtlas(url);
	const { secretId, secret } = atlas;
	const connection = { baseUrl: atlas.url, secretId, readSecretText: async () => secret, now: () => Date.now() };
	const report = await runDoctor(connection, request);
	if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
	else {
		const screen = createScreen(process.stdout, (text) => process.stdout.write(text));
		for (const line of formatReport(report).split("\n")) screen.line(line, REPORT_INDENT);
	}
	process.exitCode = report.healthy ? 0 : 1;
} catch (error) {
	exitWithUsageError(error);
}

/** @throws UsageError naming the flags */
function readFlaggedRequest(input: object): CheckRequest {
	try {
		return readCheckRequest(input);
	} catch (error) {
		if (!(error instanceof InputError)) throw error;
		throw new UsageError(faultsInFlags(error));
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
	return {
		url,
		secret: secretOfEnvironment(process.env),
		secretId: "of the environment",
		[Symbol.asyncDispose]: async () => {},
	};
}
