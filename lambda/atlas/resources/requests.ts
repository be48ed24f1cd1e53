import * as v from "valibot";
import { TARGET_ERRORS } from "../../domain/error-table.ts";
import { AtlasError, ServiceError } from "../../domain/errors.ts";
import { readReply } from "../replies/classify.ts";
import {
	type AtlasRequest,
	CALL_TIMEOUT_MS,
	type CallPeriod,
	describeSubject,
	type PostStatus,
	type Send,
} from "../request.ts";

/** Atlas's media type; one version date for all resources, since each answers with its newest one not after it. */
export const DEFAULT_MEDIA_TYPE = "application/vnd.atlas.2025-03-12+json";

export const USER_AGENT = "atlas-snapshots/0.1.0";

export interface Representation {
	/** `application/vnd.atlas.<date>+json`, of what is sent and what is wanted. */
	readonly mediaType: string;
	/** Ask Atlas to put status and content into an envelope. */
	readonly envelope: boolean;
	/** Ask Atlas for indented JSON. */
	readonly pretty: boolean;
}

/** Query parameters; they are written in the order given. */
type Query = Readonly<Record<string, string | number>>;

/** A resource: its path below `/api/atlas/v2`, and the project whose rate budget it draws on. */
export interface Resource {
	readonly path: string;
	readonly projectId?: string;
}

/** Sending and judging in one, for resources that are JSON. Both reject with an `AtlasError`. */
export interface JsonRequests {
	/** @param period of the call that the request is a part of; absent where it is a call of its own */
	get<S extends v.GenericSchema>(
		schema: S,
		resource: Resource,
		query?: Query,
		period?: CallPeriod,
	): Promise<v.InferOutput<S>>;
	/** Not sent after `notAfter`. Where the error says `executed: "no"`, no copy of the request has left this process. */
	post<S extends v.GenericSchema>(
		schema: S,
		resource: Resource,
		body: object,
		notAfter?: number,
	): Promise<v.InferOutput<S>>;
	/** The time that a call has which begins now. */
	period(): CallPeriod;
}

/** @param now epoch milliseconds */
export function createJsonRequests(
	send: Send,
	{ mediaType, envelope, pretty }: Representation,
	now: () => number,
): JsonRequests {
	const headers = { accept: mediaType, "user-agent": USER_AGENT };
	const options = { ...(envelope ? { envelope: "true" } : {}), ...(pretty ? { pretty: "true" } : {}) };
	const period = (): CallPeriod => ({ startedAt: now(), endsAt: now() + CALL_TIMEOUT_MS });
	const address = ({ path, projectId }: Resource, query: Query = {}) => ({
		target: `/api/atlas/v2${path}${writeQuery({ ...query, ...options })}`,
		...(projectId === undefined ? {} : { projectId }),
	});
	return {
		period,
		async get(schema, resource, query, within = period()) {
			const call: AtlasRequest = { method: "GET", ...address(resource, query), headers, period: within };
			return readReply(schema, await send(call), call, now());
		},
		async post(schema, resource, body, notAfter) {
			const departure: PostStatus = { left: false, notAfter };
			const call: AtlasRequest = {
				method: "POST",
				...address(resource),
				headers: { ...headers, "content-type": mediaType },
				body: JSON.stringify(body),
				period: period(),
				departure,
			};
			try {
				return readReply(schema, await send(call), call, now());
			} catch (error) {
				throw error instanceof ServiceError ? error.asExecuted(departure.left ? "unknown" : "no") : error;
			}
		},
	};
}

function writeQuery(query: Query): string {
	const params = new URLSearchParams();
	for (const [name, value] of Object.entries(query)) params.set(name, String(value));
	return params.size === 0 ? "" : `?${params.toString()}`;
}

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
	requests: JsonRequests,
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
	requests: JsonRequests,
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
		{ code: "ATLAS_UNREADABLE" },
		`${describeSubject({ target: `/api/atlas/v2${path}` })}: the list has more than ${LONGEST_LIST} entries; ${TARGET_ERRORS.ATLAS_UNREADABLE.message}`,
	);
