/** A request of the HTTP face, whichever payload version API Gateway sent it in. */
export interface HttpRequest {
	readonly method: string;
	/** The path below the stage or base path, as routes know it. */
	readonly path: string;
	/** Stage or base path that the client sees before the path; empty, or it begins with a slash. */
	readonly prefix: string;
	/** Names in lower case; repeated fields are joined by a comma (RFC 9110 §5.3). */
	readonly headers: Readonly<Record<string, string>>;
	/** The body's bytes as they came: signatures are made over them. */
	readonly body: Uint8Array;
	/** API Gateway's own id of the request. */
	readonly id: string | undefined;
	/** Epoch milliseconds by which the reply must be ready. */
	readonly replyBy: number;
}

export interface HttpReply {
	readonly status: number;
	/** Names in lower case. */
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
}

/** Answers every request, and never throws. */
export type Face = (request: HttpRequest) => Promise<HttpReply>;
