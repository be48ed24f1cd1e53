import type { OnDemandRequest } from "../state/taking.ts";
import { DAY } from "../state/taking.ts";
import { ApiError } from "./refused.ts";

const INT32 = 2 ** 31 - 1;

/** The members of a JSON object. @throws Refused 400 for anything else, and for a member that is not `known` */
function readObject(text: string, known: readonly string[]): Readonly<Record<string, unknown>> {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new ApiError("INVALID_JSON");
	}
	if (typeof value !== "object" || value === null || Array.isArray(value)) throw new ApiError("INVALID_JSON");
	for (const name of Object.keys(value)) if (!known.includes(name)) throw new ApiError("INVALID_ATTRIBUTE", [name]);
	return { ...value };
}

function positive(value: unknown, name: string): number {
	if (value === undefined || value === null) throw new ApiError("MISSING_ATTRIBUTE", [name]);
	if (typeof value !== "number" || !Number.isInteger(value) || value > INT32)
		throw new ApiError("INVALID_ATTRIBUTE", [name]);
	if (value < 1) throw new ApiError("ATTRIBUTE_NEGATIVE_OR_ZERO", [name]);
	return value;
}

/** `DiskBackupOnDemandSnapshotRequest`: both members may be left out, the body may not. @throws Refused 400 */
export function readTaking(text: string): OnDemandRequest {
	const { description, retentionInDays = 1 } = readObject(text, ["description", "retentionInDays"]);
	if (description !== undefined && typeof description !== "string")
		throw new ApiError("INVALID_ATTRIBUTE", ["description"]);
	return { description, retentionInDays: positive(retentionInDays, "retentionInDays") };
}

const UNITS: Readonly<Record<string, number>> = { DAYS: DAY, WEEKS: 7 * DAY, MONTHS: 30 * DAY, YEARS: 365 * DAY };

/** `BackupSnapshotRetention`, in milliseconds. @throws Refused 400 */
export function readRetention(text: string): number {
	const { retentionUnit, retentionValue } = readObject(text, ["retentionUnit", "retentionValue"]);
	if (retentionUnit === undefined) throw new ApiError("MISSING_ATTRIBUTE", ["retentionUnit"]);
	const unit = typeof retentionUnit === "string" ? UNITS[retentionUnit] : undefined;
	if (unit === undefined) throw new ApiError("INVALID_ENUM_VALUE", ["retentionUnit"]);
	return positive(retentionValue, "retentionValue") * unit;
}
