/** A request of Atlas. Nothing here says how it is authenticated. */
export interface AtlasRequest {
	readonly method: "GET" | "POST";
	/** Path and query exactly as sent: the digest signs it (RFC 7616 §3.4, `uri`). */
	readonly target: string;
	/** The project whose rate budget the call draws on; absent for calls outside a project. */
	readonly projectId?: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
	/** When the call as a whole began and ends; shared by whatever is sent for it, challenges and tokens included. */
	readonly period?: CallPeriod;
	/** Of a POST: shared by all copies of it that are sent, and by nothing else. */
	readonly departure?: PostStatus;
}

/**
 * Milliseconds that a call may take as a whole, with all that is sent for it. A POST is not sent, and not sent again,
 * after them: no snapshot takes as little, so Atlas turns down a second one while the first one's snapshot is running.
 */
export const CALL_TIMEOUT_MS = 60_000;

/** Epoch milliseconds. */
export interface CallPeriod {
	readonly startedAt: number;
	readonly endsAt: number;
}

/** Whether any copy of a POST has begun to leave this process: from then on Atlas may have carried it out. */
export interface PostStatus {
	left: boolean;
	/** Epoch milliseconds after which it must not leave. */
	readonly notAfter?: number;
}

/** A reply, whole and unjudged. */
export interface AtlasReply {
	readonly status: number;
	/** Names in lower case; repeated fields are joined by a comma (RFC 9110 §5.3). */
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
}

/**
 * Sends a call and brings its reply, whatever its status.
 *
 * @throws AtlasError `ATLAS_UNREACHABLE` where nothing was sent, `ATLAS_NO_REPLY` where no whole reply came
 */
export type Send = (call: AtlasRequest) => Promise<AtlasReply>;

/** Wraps a Send in another: authentication, the rate budget, anything that must see both sides. */
export type Layer = (next: Send) => Send;

const PATH = /^\/api\/atlas\/v2\/groups\/([^/?]+)(?:\/clusters\/([^/?]+))?(?:\/backup\/snapshots\/([a-f0-9]{24}))?/;

/** What a call is about, as messages begin: read off its path, which only ever holds names of the request. */
export function describeSubject({ target }: Pick<AtlasRequest, "target">): string {
	const [, project, cluster, snapshot] = PATH.exec(target) ?? [];
	if (project === undefined) return target.startsWith("/api/oauth/") ? "access token" : "atlas";
	return [
		...(snapshot === undefined ? [] : [`snapshot ${snapshot}`]),
		...(cluster === undefined ? [] : [`cluster ${decodeURIComponent(cluster)}`]),
		`project ${decodeURIComponent(project)}`,
	].join(" of ");
}
