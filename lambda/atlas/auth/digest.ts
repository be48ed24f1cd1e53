import { randomBytes } from "node:crypto";
import { AtlasError } from "../../domain/errors.ts";
import { retryReads } from "../layers/repeat-reads.ts";
import { toAtlasError, unreadableReply } from "../replies/classify.ts";
import { type AtlasReply, type AtlasRequest, describeSubject, type Layer, type Send } from "../request.ts";
import { isKeyRefused } from "./authenticate.ts";
import { type DigestChallenge, findDigestChallenge, respondToChallenge } from "./digest-challenge.ts";

/** Milliseconds. Atlas accepts a nonce for 60 s; the rest leaves time for the request itself. */
const MAX_NONCE_AGE_MS = 40_000;
/** Atlas's challenges equal Jetty's, which calls a nonce stale after 1024 uses. */
const MAX_NONCE_USES = 1_000;
/** Requests sent for one call while Atlas calls fresh nonces stale. */
const MAX_TRIES = 3;

/** A challenge in use. `uses` is incremented synchronously, so that concurrent requests never share a count. */
interface Nonce {
	readonly challenge: DigestChallenge;
	/** Epoch milliseconds before which it was issued. */
	readonly requestedAt: number;
	uses: number;
}

/** The keys of an Atlas API key. */
interface DigestKeys {
	readonly publicKey: string;
	readonly privateKey: string;
}

/**
 * Digest access authentication with one challenge for many requests. A GET fetches the challenge, so that a POST is only
 * ever sent with credentials.
 *
 * Requests share a nonce, each with its own count, and may overtake each other. If the server refuses counts out of order,
 * the request gets a nonce of its own, and from then on requests are sent one at a time.
 *
 * After a 401 to a cached nonce, the request is sent again with the fresh challenge, whatever `stale` is: Atlas's nodes do
 * not know each other's nonces. A 401 to a fresh nonce is returned, unless `stale` says that the key was not checked.
 *
 * @param now epoch milliseconds
 * @see RFC 7616 §3.3 (stale), §3.4 (nc, cnonce), §3.6
 */
export function digest({ publicKey, privateKey }: DigestKeys, now: () => number): Layer {
	let cached: Nonce | undefined;
	/** Set when the server requires rising counts, as Apache does. */
	let oneAtATime = false;
	let last: Promise<unknown> = Promise.resolve();
	let pending: { readonly requester: AtlasRequest; readonly nonce: Promise<Nonce> } | undefined;

	const cache = (challenge: DigestChallenge, requestedAt: number): Nonce => {
		cached = { challenge, requestedAt, uses: 0 };
		return cached;
	};
	const isRecent = ({ requestedAt }: Nonce): boolean => {
		const age = now() - requestedAt;
		return age >= 0 && age < MAX_NONCE_AGE_MS;
	};
	const fetchNonce = async (next: Send, call: AtlasRequest): Promise<Nonce> => {
		const requestedAt = now();
		const request = toChallengeRequest(call);
		// A GET is repeated as a whole by an outer layer. Before a POST only this request can be repeated.
		const reply = await (call.method === "POST" ? retryReads(next) : next)(request);
		// Atlas never replies with a success to a request without credentials.
		if (reply.status < 300) throw unreadableReply(reply, request);
		const challenge = reply.status === 401 ? findDigestChallenge(reply.headers["www-authenticate"]) : undefined;
		if (!challenge) throw toAtlasError(reply, request, now());
		return cache(challenge, requestedAt);
	};
	/** Concurrent calls share one challenge request; its error is reported about each call's own subject. */
	const shareNonce = (next: Send, call: AtlasRequest): Promise<Nonce> => {
		const requester = pending?.requester ?? call;
		pending ??= {
			requester,
			nonce: fetchNonce(next, call).finally(() => {
				pending = undefined;
			}),
		};
		return pending.nonce.catch((error: unknown) => {
			throw withSubject(call, requester, error);
		});
	};
	const inOrder = (work: () => Promise<AtlasReply>): Promise<AtlasReply> => {
		if (!oneAtATime) return work();
		const reply = last.then(work);
		last = reply.catch(() => undefined);
		return reply;
	};
	const send = (next: Send, call: AtlasRequest, nonce: Nonce): Promise<AtlasReply> => {
		nonce.uses += 1;
		const authorization = respondToChallenge(nonce.challenge, {
			username: publicKey,
			password: privateKey,
			method: call.method,
			uri: call.target,
			nc: nonce.uses,
			cnonce: randomBytes(16).toString("hex"),
		});
		return next({ ...call, headers: { ...call.headers, authorization } });
	};

	return (next) => async (call) => {
		let nonce = cached && isRecent(cached) ? cached : await shareNonce(next, call);
		// Also after a wait: more calls may have waited for one challenge than its nonce has uses.
		while (nonce.uses >= MAX_NONCE_USES) nonce = await shareNonce(next, call);
		let countRefused = false;
		for (let tries = 1; ; tries++) {
			const sentAt = now();
			const reply = await inOrder(() => send(next, call, nonce));
			if (!isKeyRefused(reply)) {
				if (countRefused) {
					oneAtATime = true;
					cached = nonce;
				}
				return reply;
			}
			const fresh = findDigestChallenge(reply.headers["www-authenticate"]);
			const isShared = nonce.uses > 1;
			// A nonce in use is shared as well: an earlier call has used it.
			if (!isShared && !fresh?.stale) return reply;
			if (tries === MAX_TRIES && fresh?.stale) throw alwaysStale(call);
			if (tries === MAX_TRIES) return reply;
			countRefused = isShared && fresh?.stale === false;
			if (!fresh && cached === nonce) cached = undefined;
			// After a refused count, the nonce is not shared: no other request's count can come before its first.
			if (fresh) nonce = countRefused ? { challenge: fresh, requestedAt: sentAt, uses: 0 } : cache(fresh, sentAt);
			else nonce = await shareNonce(next, call);
		}
	};
}

function withSubject(call: AtlasRequest, requester: AtlasRequest, error: unknown): unknown {
	const subject = describeSubject(requester);
	if (call === requester || !(error instanceof AtlasError) || !error.message.startsWith(subject)) return error;
	const message = describeSubject(call) + error.message.slice(subject.length);
	return new AtlasError(error.fault, message, { cause: error.cause });
}

const alwaysStale = (call: AtlasRequest): AtlasError =>
	new AtlasError(
		{ code: "ATLAS_FAULT", status: 401 },
		`${describeSubject(call)}: Atlas calls every nonce stale that it has just issued; later it may not`,
	);

/** A GET of the same target without credentials and body. */
function toChallengeRequest({ target, projectId, headers, period }: AtlasRequest): AtlasRequest {
	const { "content-type": _, ...others } = headers;
	return { method: "GET", target, projectId, headers: others, period };
}
