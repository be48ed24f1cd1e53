import type * as v from "valibot";
import { readReply } from "./judge.ts";
import { POST_GOOD_FOR } from "./late-posts.ts";
import type { Call, Send } from "./wire.ts";

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
export interface Requests {
	get<S extends v.GenericSchema>(schema: S, resource: Resource, query?: Query): Promise<v.InferOutput<S>>;
	post<S extends v.GenericSchema>(schema: S, resource: Resource, body: object): Promise<v.InferOutput<S>>;
}

/** @param now epoch milliseconds */
export function createRequests(
	send: Send,
	{ mediaType, envelope, pretty }: Representation,
	now: () => number,
): Requests {
	const headers = { accept: mediaType, "user-agent": USER_AGENT };
	const options = { ...(envelope ? { envelope: "true" } : {}), ...(pretty ? { pretty: "true" } : {}) };
	const address = ({ path, projectId }: Resource, query: Query = {}) => ({
		target: `/api/atlas/v2${path}${writeQuery({ ...query, ...options })}`,
		...(projectId === undefined ? {} : { projectId }),
	});
	return {
		async get(schema, resource, query) {
			const call: Call = { method: "GET", ...address(resource, query), headers };
			return readReply(schema, await send(call), call, now());
		},
		async post(schema, resource, body) {
			const call: Call = {
				method: "POST",
				...address(resource),
				headers: { ...headers, "content-type": mediaType },
				body: JSON.stringify(body),
				goodUntil: now() + POST_GOOD_FOR,
			};
			return readReply(schema, await send(call), call, now());
		},
	};
}

function writeQuery(query: Query): string {
	const params = new URLSearchParams();
	for (const [name, value] of Object.entries(query)) params.set(name, String(value));
	return params.size === 0 ? "" : `?${params.toString()}`;
}
