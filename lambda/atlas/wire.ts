/** A request of Atlas. Nothing here says how it is authenticated. */
export interface Call {
	readonly method: "GET" | "POST";
	/** Path and query exactly as sent: the digest signs it (RFC 7616 §3.4, `uri`). */
	readonly target: string;
	/** The project whose rate budget the call draws on; absent for calls outside a project. */
	readonly projectId?: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
	/** Epoch milliseconds after which it must not be sent any more. */
	readonly goodUntil?: number;
}

/** A reply, whole and unjudged. */
export interface Reply {
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
export type Send = (call: Call) => Promise<Reply>;

/** Wraps a Send in another: authentication, the rate budget, anything that must see both sides. */
export type Layer = (next: Send) => Send;
