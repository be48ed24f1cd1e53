import type { AtlasSimulator } from "../../../local/atlas/index.ts";

export const V = "application/vnd.atlas.2025-03-12+json";
export const API = "/api/atlas/v2";

/** A reply as a test wants to look at it. */
export interface TestResponse {
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
	/** The parsed body; undefined where it is not JSON. */
	// biome-ignore lint/suspicious/noExplicitAny: a test reads into the body without a schema
	readonly json: any;
}

export async function read(response: Response): Promise<TestResponse> {
	const text = await response.text();
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		json = undefined;
	}
	return { status: response.status, headers: response.headers, text, json };
}

export const basic = (id: string, secret: string): string =>
	`Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;

/** `POST /api/oauth/token`. */
export const requestToken = async (
	atlas: AtlasSimulator,
	authorization = basic(atlas.clientId, atlas.clientSecret),
	body = "grant_type=client_credentials",
	type = "application/x-www-form-urlencoded",
): Promise<TestResponse> =>
	read(
		await fetch(`${atlas.url}/api/oauth/token`, {
			method: "POST",
			headers: { authorization, "content-type": type },
			body,
		}),
	);

export interface Caller {
	readonly call: (
		method: string,
		path: string,
		body?: unknown,
		headers?: Record<string, string>,
	) => Promise<TestResponse>;
	readonly get: (path: string, headers?: Record<string, string>) => Promise<TestResponse>;
	/** Takes a snapshot of a cluster of the first project. */
	readonly take: (cluster: string, body?: unknown) => Promise<TestResponse>;
	/** Path of a cluster's snapshots. */
	readonly snapshots: (cluster: string) => string;
}

/** Calls the API with a bearer token. Paths are below `/api/atlas/v2`. */
export async function createCaller(atlas: AtlasSimulator): Promise<Caller> {
	const token: string = (await requestToken(atlas)).json.access_token;
	const call: Caller["call"] = async (method, path, body, headers = {}) =>
		read(
			await fetch(`${atlas.url}${API}${path}`, {
				method,
				headers: {
					authorization: `Bearer ${token}`,
					accept: V,
					...(body === undefined ? {} : { "content-type": V }),
					...headers,
				},
				...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
			}),
		);
	const snapshots = (cluster: string): string => `/groups/${atlas.projectId}/clusters/${cluster}/backup/snapshots`;
	return {
		call,
		get: (path, headers) => call("GET", path, undefined, headers),
		take: (cluster, body = { description: "by test", retentionInDays: 1 }) => call("POST", snapshots(cluster), body),
		snapshots,
	};
}

/** A clock that stands until it is moved. */
export function manualClock(at: string): { readonly now: () => number; readonly forward: (seconds: number) => void } {
	let now = Date.parse(at);
	return {
		now: () => now,
		forward(seconds) {
			now += seconds * 1000;
		},
	};
}
