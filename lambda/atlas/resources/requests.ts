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

/** Atlas's media type. Each resource replies in its newest version that is not later than this date. */
export const DEFAULT_MEDIA_TYPE = "application/vnd.atlas.2025-03-12+json";

export const USER_AGENT = "atlas-snapshots/0.1.0";

export interface Representation {
	/** `application/vnd.atlas.<date>+json`, of request and reply. */
	readonly mediaType: string;
	/** Request status and content in an envelope. */
	readonly envelope: boolean;
	/** Request indented JSON. */
	readonly pretty: boolean;
}

/** Query parameters; they are written in the order given. */
type Query = Readonly<Record<string, string | number>>;

/** A resource: its path below `/api/atlas/v2`, and the project whose rate budget it draws on. */
export interface Resource {
	readonly path: string;
	readonly projectId?: string;
}

export type JsonRequests = ReturnType<typeof createJsonRequests>;

/**
 * Sends requests and reads the replies. Both functions reject with an `AtlasError`.
 *
 * @param now epoch milliseconds
 */
export function createJsonRequests(send: Send, { mediaType, envelope, pretty }: Representation, now: () => number) {
	const headers = { accept: mediaType, "user-agent": USER_AGENT };
	const options = { ...(envelope && { envelope: "true" }), ...(pretty && { pretty: "true" }) };
	/** The time limit of a call that begins now. */
	const period = (): CallPeriod => ({ startedAt: now(), endsAt: now() + CALL_TIMEOUT_MS });
	const address = ({ path, projectId }: Resource, query: Query = {}) => ({
		target: `/api/atlas/v2${path}${writeQuery({ ...query, ...options })}`,
		projectId,
	});
	return {
		period,
		/** @param within time limit of the call that the request belongs to; by default its own */
		async get<S extends v.GenericSchema>(
			schema: S,
			resource: Resource,
			query?: Query,
			within = period(),
		): Promise<v.InferOutput<S>> {
			const request: AtlasRequest = { method: "GET", ...address(resource, query), headers, period: within };
			return readReply(schema, await send(request), request, now());
		},
		/**
		 * @param notAfter epoch milliseconds after which it must not be sent
		 * @throws AtlasError with `executed: "no"` only where no copy of the request was sent
		 */
		async post<S extends v.GenericSchema>(
			schema: S,
			resource: Resource,
			body: object,
			notAfter?: number,
		): Promise<v.InferOutput<S>> {
			const post: PostStatus = { sent: false, notAfter };
			const request: AtlasRequest = {
				method: "POST",
				...address(resource),
				headers: { ...headers, "content-type": mediaType },
				body: JSON.stringify(body),
				period: period(),
				post,
			};
			try {
				return readReply(schema, await send(request), request, now());
			} catch (error) {
				throw error instanceof ServiceError ? error.asExecuted(post.sent ? "unknown" : "no") : error;
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
/** Entries of a list: hourly snapshots kept for two years are 17,520. */
const MAX_LIST_LENGTH = 20_000;

const LinksSchema = v.fallback(v.optional(v.array(v.looseObject({ rel: v.optional(v.unknown()) })), []), []);

/**
 * Reads all pages of a list. The last one is a short page without a link to a next one; `totalCount` is only an estimate.
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
	// All pages share one time limit, so that an endless list ends.
	const period = requests.period();
	for (let pageNum = 1; ; pageNum++) {
		const query = { itemsPerPage: ITEMS_PER_PAGE, pageNum };
		const { results, links } = await requests.get(schema, resource, query, period);
		items.push(...results);
		if (items.length > MAX_LIST_LENGTH) throw tooLong(resource);
		const isLast = results.length < ITEMS_PER_PAGE && !links.some(({ rel }) => rel === "next");
		if (isLast || results.length === 0) return items;
	}
}

/** Reads a list that has no pages. */
export async function readList<S extends v.GenericSchema>(
	requests: JsonRequests,
	item: S,
	resource: Resource,
): Promise<v.InferOutput<S>[]> {
	return (await requests.get(v.object({ results: listOf(item, MAX_LIST_LENGTH) }), resource)).results;
}

/** Checks the length before any item. */
const listOf = <S extends v.GenericSchema>(item: S, most: number) =>
	v.pipe(v.array(v.unknown()), v.maxLength(most), v.array(item));

const tooLong = ({ path }: Resource): AtlasError =>
	new AtlasError(
		{ code: "ATLAS_UNREADABLE" },
		`${describeSubject({ target: `/api/atlas/v2${path}` })}: the list has more than ${MAX_LIST_LENGTH} entries; ${TARGET_ERRORS.ATLAS_UNREADABLE.message}`,
	);
