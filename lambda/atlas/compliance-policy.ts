import * as v from "valibot";
import type { Requests } from "./requests.ts";

const PolicySchema = v.looseObject({
	onDemandPolicyItem: v.optional(
		v.nullable(v.looseObject({ retentionUnit: v.optional(v.unknown()), retentionValue: v.optional(v.unknown()) })),
	),
});

/** A project's Backup Compliance Policy, as far as on-demand snapshots go. */
export interface CompliancePolicies {
	/** @returns whole days for which on-demand snapshots must be kept at least; `undefined` where no policy asks for it */
	readonly readLeastRetention: (projectId: string) => Promise<number | undefined>;
}

/** @see Atlas Administration API, Cloud Backups (`getGroupBackupCompliancePolicy`); a project without a policy has `{}` */
export const createCompliancePolicies = (requests: Requests): CompliancePolicies => ({
	async readLeastRetention(projectId) {
		const path = `/groups/${encodeURIComponent(projectId)}/backupCompliancePolicy`;
		const { onDemandPolicyItem } = await requests.get(PolicySchema, { path, projectId });
		const days = DAYS.get(String(onDemandPolicyItem?.retentionUnit).toLowerCase());
		const value = onDemandPolicyItem?.retentionValue;
		return days !== undefined && typeof value === "number" ? days * value : undefined;
	},
});

/** Atlas counts a month as 30 days and a year as 365. */
const DAYS: ReadonlyMap<string, number> = new Map([
	["days", 1],
	["weeks", 7],
	["months", 30],
	["years", 365],
]);
