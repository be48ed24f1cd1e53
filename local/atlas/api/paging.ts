import type { Settings } from "../state/settings.ts";
import type { ApiRequest } from "./exchange.ts";
import { ApiError } from "./refused.ts";

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
