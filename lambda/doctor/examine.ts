import { judge } from "../domain/verdict.ts";
import { CHECKS, type CheckContext } from "./checks.ts";
import type { DoctorPorts } from "./ports.ts";
import type { CheckName, Finding, Report } from "./report.ts";

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
export async function examine(ports: DoctorPorts, request: CheckRequest): Promise<Report> {
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
			const { code, reason } = judge(error);
			const failedCheck = FAILED_CHECKS.get(code) ?? name;
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

/** Which line a failure speaks for; another one speaks for the check that met it. */
const FAILED_CHECKS: ReadonlyMap<string, CheckName> = new Map([
	["SECRET_UNREADABLE", "secret"],
	["SECRET_INVALID", "secret"],
	["ATLAS_UNREACHABLE", "atlas"],
	["ATLAS_NO_REPLY", "atlas"],
	["ATLAS_UNREADABLE", "atlas"],
	["ATLAS_FAULT", "atlas"],
	["ATLAS_UPGRADING", "atlas"],
	["ATLAS_VERSION_GONE", "atlas"],
	["ATLAS_KEY_REFUSED", "key"],
	["ATLAS_ADDRESS_REFUSED", "address"],
	["ATLAS_ROLE_MISSING", "role"],
	["ATLAS_FORBIDDEN", "role"],
	["ATLAS_PROJECT_FOREIGN", "project"],
	["ATLAS_PROJECT_NOT_FOUND", "project"],
	["ATLAS_CLUSTER_NOT_FOUND", "cluster"],
	["ATLAS_NOT_DEDICATED", "tier"],
	["ATLAS_CLUSTER_PAUSED", "paused"],
	["ATLAS_BACKUP_OFF", "backup"],
	["ATLAS_SNAPSHOT_RUNNING", "running"],
	["ATLAS_RATE_LIMITED", "budget"],
]);
