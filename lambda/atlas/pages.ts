import * as v from "valibot";
import { AtlasError } from "../domain/errors.ts";
import type { Requests, Resource } from "./requests.ts";
import { subjectOf } from "./subject.ts";

/** Atlas's upper bound. */
const ITEMS_PER_PAGE = 500;
/** Entries of a list at most: an hourly snapshot kept for two years is one of 17,520. */
const LONGEST_LIST = 20_000;

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
	const schema = v.object({ results: listOf(item, ITEMS_PER_PAGE), links: LinksSchema });
	const items: v.InferOutput<S>[] = [];
	// One period for all pages: a list that never ends is a call that never ends.
	const period = requests.period();
	for (let pageNum = 1; ; pageNum++) {
		const query = { itemsPerPage: ITEMS_PER_PAGE, pageNum };
		const { results, links } = await requests.get(schema, resource, query, period);
		items.push(...results);
		if (items.length > LONGEST_LIST) throw tooLong(resource);
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
	return (await requests.get(v.object({ results: listOf(item, LONGEST_LIST) }), resource)).results;
}

/** The length is looked at before any item is. */
const listOf = <S extends v.GenericSchema>(item: S, most: number) =>
	v.pipe(v.array(v.unknown()), v.maxLength(most), v.array(item));

const tooLong = ({ path }: Resource): AtlasError =>
	new AtlasError(
		{ code: "ATLAS_UNREADABLE", blame: "transient", executed: "no" },
		`${subjectOf({ target: `/api/atlas/v2${path}` })}: the list has more than ${LONGEST_LIST} entries; look for a proxy between the function and Atlas`,
	);
