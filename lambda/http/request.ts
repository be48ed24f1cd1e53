import type { RequestedBy } from "../domain/run.ts";

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
	/** Whom API Gateway's IAM authorizer found to call; nobody, where it was not asked. */
	readonly caller: RequestedBy | undefined;
	/** Epoch milliseconds by which the reply must be ready. */
	readonly replyBy: number;
}

export interface HttpReply {
	readonly status: number;
	/** Names in lower case. */
	readonly headers: Readonly<Record<string, string>>;
	readonly body?: string;
}

/**
 * Completes a reply by what every one of them needs: no cache keeps it unless it says so itself (RFC 9111 §5.2.2.5), and
 * no browser takes it for anything but what its type says (WHATWG Fetch, "X-Content-Type-Options").
 */
export const secured = ({ headers, ...reply }: HttpReply): HttpReply => ({
	...reply,
	headers: { "cache-control": "no-store", "x-content-type-options": "nosniff", ...headers },
});

/** Answers every request, and never throws. */
export type Face = (request: HttpRequest) => Promise<HttpReply>;
