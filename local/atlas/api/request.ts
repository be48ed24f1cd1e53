import type { IncomingHttpHeaders } from "node:http";
import { isRecord, parseJson } from "../../../lambda/domain/json.ts";
import type { AtlasSettings } from "../state/settings.ts";
import type { OnDemandRequest } from "../state/snapshots.ts";
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
	/** The client's address and port. */
	readonly address: string;
	readonly port: number;
}

/** A reply before it is sent. */
export interface ApiReply {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | string[]>>;
	readonly body: string;
	/** Whether the operation was executed. */
	readonly executed: boolean;
}

/** Divides the request target at its first question mark. */
export function readApiRequest(request: Omit<ApiRequest, "path" | "query">): ApiRequest {
	const [path = "", ...query] = request.target.split("?");
	return { ...request, path, query: new URLSearchParams(query.join("?")) };
}

const INT32 = 2 ** 31 - 1;

/**
 * `DiskBackupOnDemandSnapshotRequest`: both members may be left out, the body may not.
 *
 * @throws ApiError 400 for anything but a JSON object of these members
 */
export function readOnDemandRequest(body: string): OnDemandRequest {
	const value = parseJson(body);
	if (!isRecord(value)) throw new ApiError("INVALID_JSON");
	const { description, retentionInDays = 1, ...unknown } = value;
	for (const name of Object.keys(unknown)) throw new ApiError("INVALID_ATTRIBUTE", [name]);
	if (description !== undefined && typeof description !== "string")
		throw new ApiError("INVALID_ATTRIBUTE", ["description"]);
	if (retentionInDays === null) throw new ApiError("MISSING_ATTRIBUTE", ["retentionInDays"]);
	if (typeof retentionInDays !== "number" || !Number.isInteger(retentionInDays) || retentionInDays > INT32)
		throw new ApiError("INVALID_ATTRIBUTE", ["retentionInDays"]);
	if (retentionInDays < 1) throw new ApiError("ATTRIBUTE_NEGATIVE_OR_ZERO", ["retentionInDays"]);
	return { description, retentionInDays };
}

function readWhole({ query }: ApiRequest, name: string, otherwise: number, most: number): number {
	const text = query.get(name);
	if (text === null) return otherwise;
	const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
	if (value < 1 || value > most) throw new ApiError("INVALID_QUERY_PARAMETER", [name]);
	return value;
}

/** A query flag. @throws ApiError 400 where it is neither `true` nor `false` */
export function readFlag({ query }: ApiRequest, name: string, otherwise: boolean): boolean {
	const text = query.get(name);
	if (text === null) return otherwise;
	if (text !== "true" && text !== "false") throw new ApiError("INVALID_QUERY_PARAMETER", [name]);
	return text === "true";
}

/**
 * The page that the request names; `render` is called for its items only.
 *
 * @throws ApiError 400 for a page size outside 1…500 or a page number below 1
 */
export function pageOf<T>(
	settings: AtlasSettings,
	request: ApiRequest,
	base: string,
	items: readonly T[],
	render: (item: T) => object,
): object {
	const size = Math.min(readWhole(request, "itemsPerPage", settings.itemsPerPage, 500), settings.itemsPerPageCap);
	const number = readWhole(request, "pageNum", 1, 1_000_000);
	const counted = readFlag(request, "includeCount", true);
	const link = (rel: string, page: number) => ({
		href: `${base}${request.path}?includeCount=${counted}&pageNum=${page}&itemsPerPage=${size}`,
		rel,
	});
	const links = [link("self", number)];
	if (number > 1) links.push(link("previous", number - 1));
	if (number * size < items.length) links.push(link("next", number + 1));
	const results = items.slice((number - 1) * size, number * size).map(render);
	return { links, results, totalCount: counted ? items.length : undefined };
}
