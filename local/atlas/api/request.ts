import type { IncomingHttpHeaders } from "node:http";
import type { Settings } from "../state/settings.ts";
import { DAY, type OnDemandRequest } from "../state/snapshots.ts";
import { ApiError } from "./errors.ts";

/** A request as read off the socket. */
export interface ApiRequest {
	readonly method: string;
	/** The request target, byte for byte: a digest signs it. */
	readonly target: string;
	readonly path: string;
	readonly query: URLSearchParams;
	readonly headers: IncomingHttpHeaders;
	readonly body: string;
	/** The address it came from. */
	readonly address: string;
	readonly port: number;
}

/** A reply before it is sent. */
export interface ApiReply {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | string[]>>;
	readonly body: string;
	/** Whether the operation was carried out. */
	readonly executed: boolean;
}

/** Divides a request target at its first question mark. */
export function readApiRequest(
	method: string,
	target: string,
	headers: IncomingHttpHeaders,
	body: string,
	address: string,
	port = 0,
): ApiRequest {
	const mark = target.indexOf("?");
	const path = mark === -1 ? target : target.slice(0, mark);
	return {
		method,
		target,
		path,
		query: new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1)),
		headers,
		body,
		address,
		port,
	};
}

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

interface Link {
	readonly href: string;
	readonly rel: string;
}

/** Atlas's page of results. */
export interface Page {
	readonly links: readonly Link[];
	readonly results: readonly unknown[];
	readonly totalCount?: number;
}

function whole(request: ApiRequest, name: string, otherwise: number, most: number): number {
	const text = request.query.get(name);
	if (text === null) return otherwise;
	const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
	if (value < 1 || value > most) throw new ApiError("INVALID_QUERY_PARAMETER", [name]);
	return value;
}

/** A query flag. @throws Refused 400 where it is neither `true` nor `false` */
export function flag(request: ApiRequest, name: string, otherwise: boolean): boolean {
	const text = request.query.get(name);
	if (text === null) return otherwise;
	if (text !== "true" && text !== "false") throw new ApiError("INVALID_QUERY_PARAMETER", [name]);
	return text === "true";
}

/**
 * The page that the request asks for; `render` is called for its items only.
 *
 * @throws Refused 400 for a page size outside 1…500 or a page number below 1
 */
export function pageOf<T>(
	settings: Settings,
	request: ApiRequest,
	base: string,
	items: readonly T[],
	render: (item: T) => unknown,
): Page {
	const asked = whole(request, "itemsPerPage", settings.itemsPerPage, 500);
	const size = Math.min(asked, settings.itemsPerPageCap);
	const number = whole(request, "pageNum", 1, 1_000_000);
	const counted = flag(request, "includeCount", true);
	const link = (rel: string, page: number): Link => ({
		href: `${base}${request.path}?includeCount=${counted}&pageNum=${page}&itemsPerPage=${size}`,
		rel,
	});
	const links = [link("self", number)];
	if (number > 1) links.push(link("previous", number - 1));
	if (number * size < items.length) links.push(link("next", number + 1));
	const results = items.slice((number - 1) * size, number * size).map(render);
	return counted ? { links, results, totalCount: items.length } : { links, results };
}
