import * as v from "valibot";
import { createAtlas } from "../../atlas/client.ts";
import { type ParsedSecret, parseCredentials } from "../../domain/credentials.ts";
import { type CheckName, errorInfo } from "../../domain/error-table.ts";
import { InputError, toFaults } from "../../domain/errors.ts";
import { classifyFailure } from "../../domain/failure.ts";
import { readSnapshotRequest } from "../../domain/request.ts";
import { CHECKS, type CheckContext } from "./checks.ts";
import type { DoctorPorts, DoctorReport, Finding } from "./report.ts";

/** What is examined. Where nothing is named, the first project that the keys see, and its first eligible cluster. */
export interface CheckRequest {
	readonly projectId?: string;
	readonly clusterName?: string;
	/** Whole days, as a request would ask for. */
	readonly retentionInDays: number;
}

/**
 * Says whether a snapshot would succeed, without taking one. A request that fails speaks for the line that its failure
 * is about, whichever check made it; checks that then can't be made are skipped. So one fault is one bad line.
 */
export async function runChecks(ports: DoctorPorts, request: CheckRequest): Promise<DoctorReport> {
	const context: CheckContext = { ...request };
	const findings = new Map<CheckName, Finding>();
	const blamed = new Map<CheckName, Finding>();
	const blame = (check: CheckName, message: string) => {
		if (!blamed.has(check)) blamed.set(check, { verdict: "bad", message });
	};
	for (const { name, needs, check } of CHECKS) {
		const missing = needs.find((other) => blamed.has(other) || findings.get(other)?.verdict !== "good");
		if (blamed.has(name)) continue;
		if (missing !== undefined) {
			findings.set(name, { verdict: "skipped", message: `not checked, because of ${missing}` });
			continue;
		}
		const finding = await check(ports, context, blame).catch((error: unknown): Finding => {
			const { code, reason } = classifyFailure(error);
			const failedCheck = errorInfo(code)?.check ?? name;
			blame(failedCheck, reason.message);
			return { verdict: "skipped", message: `not checked, because of ${failedCheck}` };
		});
		if (finding.verdict === "bad") blame(name, finding.message);
		else findings.set(name, finding);
	}
	const lines = CHECKS.map(({ name }) => {
		const finding = blamed.get(name) ?? findings.get(name) ?? { verdict: "skipped", message: "not checked" };
		return { check: name, ...finding } as const;
	});
	const { projectId, clusterName } = context;
	return {
		healthy: blamed.size === 0,
		...(projectId === undefined ? {} : { projectId }),
		...(clusterName === undefined ? {} : { clusterName }),
		lines,
	};
}

const Text = v.optional(v.string("must be a string"));

const CheckRequestSchema = v.object(
	{ projectId: Text, clusterName: Text, retentionInDays: v.optional(v.number("must be a whole number of days")) },
	"must be a JSON object",
);

/** Stands for the project or the cluster that is not named, so that a request's rules can be asked. */
const SOME_PROJECT = "0".repeat(24);
const SOME_CLUSTER = "any";

/**
 * Reads what the doctor is asked to look at: by the rules of a request, of which everything may be left out.
 *
 * @throws InputError `EVENT_INVALID` or `REQUEST_INVALID`, quoting no value
 */
export function readCheckRequest(input: unknown): CheckRequest {
	const read = v.safeParse(CheckRequestSchema, input);
	if (!read.success) throw new InputError("EVENT_INVALID", "doctor", toFaults(read.issues));
	const { projectId, clusterName, retentionInDays } = read.output;
	const request = readSnapshotRequest({
		projectId: projectId ?? SOME_PROJECT,
		clusterName: clusterName ?? SOME_CLUSTER,
		...(retentionInDays === undefined ? {} : { retentionInDays }),
	});
	return {
		...(projectId === undefined ? {} : { projectId }),
		...(clusterName === undefined ? {} : { clusterName }),
		retentionInDays: request.retentionInDays,
	};
}

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
export async function runDoctor(options: DoctorOptions, request: CheckRequest): Promise<DoctorReport> {
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
		return await runChecks(ports, request);
	} finally {
		await atlas.close();
	}
}

/** Atlas counts snapshots and the policies about them in one bucket a project. */
const isOfBackups = (path: string): boolean => path.includes("/backup/");
