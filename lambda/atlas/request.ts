/** A request to Atlas, before authentication. */
export interface AtlasRequest {
	readonly method: "GET" | "POST";
	/** Path and query exactly as sent: the digest signs it (RFC 7616 §3.4, `uri`). */
	readonly target: string;
	/** The project whose rate limit applies; absent for requests outside a project. */
	readonly projectId?: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
	/** Time limit of the call; shared by every request sent for it, including those for challenges and tokens. */
	readonly period?: CallPeriod;
	/** Of a POST: shared by all copies of it that are sent. */
	readonly post?: PostStatus;
}

/**
 * Milliseconds that a call may take, with every request sent for it. No POST is sent later: a snapshot takes longer than
 * this, so a second copy is refused by Atlas while the first copy's snapshot is still running.
 */
export const CALL_TIMEOUT_MS = 60_000;

/** Epoch milliseconds. */
export interface CallPeriod {
	readonly startedAt: number;
	readonly endsAt: number;
}

/** Whether a copy of a POST has been written to a socket: from then on Atlas may have carried it out. */
export interface PostStatus {
	sent: boolean;
	/** Epoch milliseconds after which it must not be sent. */
	readonly notAfter?: number;
}

/** A complete reply, whatever its status. */
export interface AtlasReply {
	readonly status: number;
	/** Names in lower case; repeated fields are joined by a comma (RFC 9110 §5.3). */
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
}

/**
 * Sends a request and returns the reply, whatever its status.
 *
 * @throws AtlasError `ATLAS_UNREACHABLE` if nothing was sent, `ATLAS_NO_REPLY` if no complete reply arrived
 */
export type Send = (request: AtlasRequest) => Promise<AtlasReply>;

/** Wraps a Send in another, for example for authentication or rate limits. */
export type Layer = (next: Send) => Send;

const PATH = /^\/api\/atlas\/v2\/groups\/([^/?]+)(?:\/clusters\/([^/?]+))?(?:\/backup\/snapshots\/([a-f0-9]{24}))?/;

/** The start of a message: the snapshot, cluster and project that the request path names. */
export function describeSubject({ target }: Pick<AtlasRequest, "target">): string {
	const [, project, cluster, snapshot] = PATH.exec(target) ?? [];
	if (project === undefined) return target.startsWith("/api/oauth/") ? "access token" : "atlas";
	return [
		...(snapshot === undefined ? [] : [`snapshot ${snapshot}`]),
		...(cluster === undefined ? [] : [`cluster ${decodeURIComponent(cluster)}`]),
		`project ${decodeURIComponent(project)}`,
	].join(" of ");
}
