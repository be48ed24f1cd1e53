import * as v from "valibot";
import type { Requests, Resource } from "./requests.ts";

/** Atlas's upper bound. */
const ITEMS_PER_PAGE = 500;

const LinksSchema = v.fallback(v.optional(v.array(v.looseObject({ rel: v.optional(v.unknown()) })), []), []);

/**
 * Reads a list to its end: the end is a short page that names no next one. `totalCount` is an estimate and stays out
 * of it.
 *
 * @see Atlas Administration API, `itemsPerPage`, `pageNum`, `totalCount`
 */
export async function readPages<S extends v.GenericSchema>(
	requests: Requests,
	item: S,
	resource: Resource,
): Promise<v.InferOutput<S>[]> {
	const schema = v.object({ results: v.array(item), links: LinksSchema });
	const items: v.InferOutput<S>[] = [];
	for (let pageNum = 1; ; pageNum++) {
		const { results, links } = await requests.get(schema, resource, { itemsPerPage: ITEMS_PER_PAGE, pageNum });
		items.push(...results);
		const isLast = results.length < ITEMS_PER_PAGE && !links.some(({ rel }) => rel === "next");
		if (isLast || results.length === 0) return items;
	}
}

/** Reads a list that Atlas does not page. */
export async function readList<S extends v.GenericSchema>(
	requests: Requests,
	item: S,
	resource: Resource,
): Promise<v.InferOutput<S>[]> {
	return (await requests.get(v.object({ results: v.array(item) }), resource)).results;
}
