import * as v from "valibot";
import { createAtlas } from "../../atlas/client.ts";
import { type ParsedSecret, parseCredentials } from "../../domain/credentials.ts";
import { type CheckName, errorInfo } from "../../domain/error-table.ts";
import { InputError, toFaults } from "../../domain/errors.ts";
import { classifyFailure } from "../../domain/failure.ts";
import { readSnapshotRequest } from "../../domain/request.ts";
import { CHECKS } from "./checks.ts";
import type { CheckContext, DoctorPorts, DoctorReport, Finding } from "./report.ts";

/** By default, the first project that the keys see, and its first eligible cluster. */
export interface CheckRequest {
	readonly projectId?: string | undefined;
	readonly clusterName?: string | undefined;
	/** Whole days. */
	readonly retentionInDays: number;
}

/**
 * Reports whether a snapshot would succeed, without taking one. A failed request fails the check that its error belongs to,
 * and checks that need that one are skipped. So one fault is one bad line.
 */
export async function runChecks(ports: DoctorPorts, request: CheckRequest): Promise<DoctorReport> {
	const context: CheckContext = { ...request };
	const findings = new Map<CheckName, Finding>();
	const fail = (check: CheckName, message: string) => {
		if (findings.get(check)?.verdict !== "bad") findings.set(check, { verdict: "bad", message });
	};
	for (const { name, needs, check } of CHECKS) {
		if (findings.has(name)) continue;
		const failed = needs.find((other) => findings.get(other)?.verdict !== "good");
		const finding = failed
			? notChecked(failed)
			: await check(ports, context, fail).catch((error: unknown) => {
					const { code, reason } = classifyFailure(error);
					const failedCheck = errorInfo(code)?.check ?? name;
					fail(failedCheck, reason.message);
					return notChecked(failedCheck);
				});
		if (findings.get(name)?.verdict !== "bad") findings.set(name, finding);
	}
	const lines = CHECKS.map(({ name }) => ({ check: name, ...(findings.get(name) ?? notChecked(name)) }));
	const { projectId, clusterName } = context;
	return { healthy: lines.every(({ verdict }) => verdict !== "bad"), projectId, clusterName, lines };
}

const notChecked = (failed: CheckName): Finding => ({
	verdict: "skipped",
	message: `not checked, because of ${failed}`,
});

const OptionalString = v.optional(v.string("must be a string"));

const CheckRequestSchema = v.object(
	{
		projectId: OptionalString,
		clusterName: OptionalString,
		retentionInDays: v.optional(v.number("must be a whole number of days")),
	},
	"must be a JSON object",
);

/** Used for absent fields, so that the rules of a request apply to the others. */
const ANY_PROJECT = "0".repeat(24);
const ANY_CLUSTER = "any";

/**
 * Reads a check request; every field is optional.
 *
 * @throws InputError `EVENT_INVALID` or `REQUEST_INVALID`, quoting no value
 */
export function readCheckRequest(input: unknown): CheckRequest {
	const read = v.safeParse(CheckRequestSchema, input);
	if (!read.success) throw new InputError("EVENT_INVALID", "doctor", toFaults(read.issues));
	const { projectId = ANY_PROJECT, clusterName = ANY_CLUSTER, retentionInDays } = read.output;
	const request = readSnapshotRequest({ projectId, clusterName, retentionInDays });
	return { ...read.output, retentionInDays: request.retentionInDays };
}

export interface DoctorOptions {
	/** Origin of Atlas. */
	readonly baseUrl: string;
	readonly mediaType?: string | undefined;
	/** Name or ARN of the secret, for messages. */
	readonly secretId: string;
	/** @throws ServiceError `SECRET_UNREADABLE` */
	readonly readSecretText: () => Promise<string>;
	/** Epoch milliseconds. */
	readonly now: () => number;
}

/** The minimum is 1, so Atlas refuses the request. */
const INVALID_RETENTION_IN_DAYS = -1;

/** Runs the checks with a new Atlas client, so that nothing is cached from earlier ones. */
export async function runDoctor(options: DoctorOptions, request: CheckRequest): Promise<DoctorReport> {
	const { baseUrl, mediaType, secretId, readSecretText, now } = options;
	let parsed: Promise<ParsedSecret> | undefined;
	const readSecret = () => {
		parsed ??= readSecretText().then((text) => parseCredentials(text, secretId));
		return parsed;
	};
	let remaining: number | undefined;
	const atlas = createAtlas({
		baseUrl,
		mediaType,
		readSecret: async () => (await readSecret()).credentials,
		now,
		onReply: ({ path, rateLimitRemaining }) => {
			// Snapshots and backup policies share one rate limit bucket per project.
			if (path.includes("/backup/") && rateLimitRemaining !== undefined) remaining = rateLimitRemaining;
		},
	});
	const ports: DoctorPorts = {
		...atlas,
		readSecret,
		probeCreatePermission: (target) =>
			atlas.takeSnapshot(target, { description: "doctor: to be refused", retentionInDays: INVALID_RETENTION_IN_DAYS }),
		requestsRemaining: () => remaining,
	};
	try {
		return await runChecks(ports, request);
	} finally {
		await atlas.close();
	}
}
