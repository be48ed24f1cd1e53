import { createAtlas } from "../atlas/index.ts";
import { type CheckRequest, examine } from "../doctor/examine.ts";
import type { DoctorPorts } from "../doctor/ports.ts";
import type { Report } from "../doctor/report.ts";
import { type ParsedSecret, parseCredentials } from "../secrets/credentials.ts";

export interface DoctorOptions {
	/** Origin of Atlas. */
	readonly baseUrl: string;
	readonly mediaType?: string;
	/** Name or ARN of the secret, for messages. */
	readonly secretId: string;
	/** Brings the secret's text. @throws ServiceError `SECRET_UNREADABLE` */
	readonly readSecretText: () => Promise<string>;
	/** Epoch milliseconds. */
	readonly now: () => number;
}

/** Retention that no request may ask for, so that Atlas refuses the request: its least is 1. */
const NO_RETENTION_IN_DAYS = -1;

/** Examines by an Atlas client of its own, so that nothing of an earlier examination is kept. */
export async function examineAtlas(options: DoctorOptions, request: CheckRequest): Promise<Report> {
	const { baseUrl, mediaType, secretId, readSecretText, now } = options;
	let parsed: Promise<ParsedSecret> | undefined;
	const readSecret = () => {
		parsed ??= readSecretText().then((text) => parseCredentials(text, secretId));
		return parsed;
	};
	let left: number | undefined;
	const atlas = createAtlas({
		baseUrl,
		...(mediaType === undefined ? {} : { mediaType }),
		readSecret: async () => (await readSecret()).credentials,
		now,
		onReply: ({ path, rateLimitRemaining }) => {
			if (isOfBackups(path) && rateLimitRemaining !== undefined) left = rateLimitRemaining;
		},
	});
	const ports: DoctorPorts = {
		readSecret,
		listProjects: atlas.listProjects,
		listClusters: atlas.listClusters,
		readCluster: atlas.readCluster,
		listSnapshots: atlas.listSnapshots,
		readLeastRetention: atlas.readLeastRetention,
		probeCreatePermission: (target) =>
			atlas.takeSnapshot(target, { description: "doctor: to be refused", retentionInDays: NO_RETENTION_IN_DAYS }),
		budgetLeft: () => left,
	};
	try {
		return await examine(ports, request);
	} finally {
		await atlas.close();
	}
}

/** Atlas counts snapshots and the policies about them in one bucket a project. */
const isOfBackups = (path: string): boolean => path.includes("/backup/");
