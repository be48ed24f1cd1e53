import { randomBytes } from "node:crypto";
import { AtlasError } from "../../domain/errors.ts";
import { retryReads } from "../layers/repeat-reads.ts";
import { toAtlasError, unreadableReply } from "../replies/classify.ts";
import type { AtlasReply, AtlasRequest, Layer, Send } from "../request.ts";
import { describeSubject } from "../request.ts";
import { isKeyRefused } from "./authenticate.ts";
import { answerChallenge, type DigestChallenge, findDigestChallenge } from "./digest-challenge.ts";

/** Milliseconds. Atlas's nonces live 60 s at best; the rest is room for the request itself. */
const KEPT = 40_000;
/** Uses of one nonce; at 1024 Jetty, whose challenges Atlas's equal, calls it stale. */
const USES = 1_000;
/** Requests for one call, while Atlas calls fresh nonces stale. */
const TRIES = 3;

/** A challenge in use. Its count is drawn without a pause, so concurrent requests never share one. */
interface Nonce {
	readonly challenge: DigestChallenge;
	/** Epoch milliseconds before which it was issued. */
	readonly askedAt: number;
	uses: number;
}

export interface DigestOptions {
	readonly publicKey: string;
	readonly privateKey: string;
	/** Epoch milliseconds. */
	readonly now: () => number;
	/** A new cnonce for each request: printable, and from a source nobody can guess. */
	readonly createCnonce?: () => string;
}

/**
 * Digest access authentication, one challenge for many requests. The challenge is asked for by a GET, which may be lost
 * and repeated; so a POST is only ever sent with an answer.
 *
 * Requests share a nonce, each with a count of its own, and may overtake one another. A server that refuses counts out
 * of order is asked once more with a fresh nonce, and then by one request at a time.
 *
 * A 401 to a nonce that was kept is answered once more with the fresh challenge it carries, whatever `stale` says:
 * Atlas's nodes don't know each other's nonces. A 401 to a challenge just asked for is handed up, unless `stale` says
 * that the key was not looked at.
 *
 * @see RFC 7616 §3.3 (stale), §3.4 (nc, cnonce), §3.6
 */
export function digest(options: DigestOptions): Layer {
	const { publicKey, privateKey, now, createCnonce = () => randomBytes(16).toString("hex") } = options;
	let kept: Nonce | undefined;
	/** Whether the server wants counts to rise, as Apache's does: then requests go one by one. */
	let oneAtATime = false;
	let turn: Promise<unknown> = Promise.resolve();
	let pending: { readonly asker: AtlasRequest; readonly nonce: Promise<Nonce> } | undefined;

	const keep = (challenge: DigestChallenge, askedAt: number): Nonce => {
		kept = { challenge, askedAt, uses: 0 };
		return kept;
	};
	const isUsable = ({ askedAt, uses }: Nonce): boolean => {
		const age = now() - askedAt;
		return age >= 0 && age < KEPT && uses < USES;
	};
	const ask = async (next: Send, call: AtlasRequest): Promise<Nonce> => {
		const askedAt = now();
		const question = questionOf(call);
		// A GET is repeated as a whole, further out; before a POST only its question can be.
		const reply = await (call.method === "POST" ? retryReads(next) : next)(question);
		// A success without authentication is none of Atlas's, and nothing to go by.
		if (reply.status < 300) throw unreadableReply(reply, question);
		const challenge = reply.status === 401 ? findDigestChallenge(reply.headers["www-authenticate"]) : undefined;
		if (!challenge) throw toAtlasError(reply, question, now());
		return keep(challenge, askedAt);
	};
	const share = (next: Send, call: AtlasRequest): Promise<Nonce> => {
		const asker = pending?.asker ?? call;
		pending ??= {
			asker,
			nonce: ask(next, call).finally(() => {
				pending = undefined;
			}),
		};
		return pending.nonce.catch((error: unknown) => {
			throw toldOf(call, asker, error);
		});
	};
	const inTurn = (work: () => Promise<AtlasReply>): Promise<AtlasReply> => {
		if (!oneAtATime) return work();
		const reply = turn.then(work);
		turn = reply.then(
			() => undefined,
			() => undefined,
		);
		return reply;
	};
	const send = (next: Send, call: AtlasRequest, nonce: Nonce): Promise<AtlasReply> => {
		nonce.uses += 1;
		const authorization = answerChallenge(nonce.challenge, {
			username: publicKey,
			password: privateKey,
			method: call.method,
			uri: call.target,
			nc: nonce.uses,
			cnonce: createCnonce(),
		});
		return next({ ...call, headers: { ...call.headers, authorization } });
	};

	return (next) => async (call) => {
		const present = kept && isUsable(kept) ? kept : undefined;
		let nonce = present ?? (await share(next, call));
		// So many may have waited for one challenge that the last of them find it used up.
		while (nonce.uses >= USES) nonce = await share(next, call);
		let isKept = nonce === present;
		let countRefused = false;
		for (let tries = 1; ; tries++) {
			const sentAt = now();
			const reply = await inTurn(() => send(next, call, nonce));
			if (!isKeyRefused(reply)) {
				if (countRefused) {
					oneAtATime = true;
					kept = nonce;
				}
				return reply;
			}
			const fresh = findDigestChallenge(reply.headers["www-authenticate"]);
			const isShared = nonce.uses > 1;
			if (!isKept && !isShared && !fresh?.stale) return reply;
			if (tries === TRIES && fresh?.stale) throw alwaysStale(call);
			if (tries === TRIES) return reply;
			countRefused = isShared && fresh?.stale === false;
			if (!fresh && kept === nonce) kept = undefined;
			// After a refused count a nonce of its own: nobody else's count can come before the first.
			if (fresh) nonce = countRefused ? { challenge: fresh, askedAt: sentAt, uses: 0 } : keep(fresh, sentAt);
			else nonce = await share(next, call);
			isKept = false;
		}
	};
}

/** What befell the call that asked for the challenge befell all that wait for it: each tells of its own subject. */
function toldOf(call: AtlasRequest, asker: AtlasRequest, error: unknown): unknown {
	const subject = describeSubject(asker);
	if (call === asker || !(error instanceof AtlasError) || !error.message.startsWith(subject)) return error;
	return new AtlasError(error.fault, describeSubject(call) + error.message.slice(subject.length), {
		cause: error.cause,
	});
}

/** The key was not looked at, so nothing can be said against it. */
const alwaysStale = (call: AtlasRequest): AtlasError =>
	new AtlasError(
		{ code: "ATLAS_FAULT", status: 401 },
		`${describeSubject(call)}: Atlas calls every nonce stale that it has just issued; later it may not`,
	);

/** The same target, asked for without credentials, body or effect. */
function questionOf({ target, projectId, headers, period }: AtlasRequest): AtlasRequest {
	const fields = Object.entries(headers).filter(([name]) => name !== "content-type");
	return {
		method: "GET",
		target,
		headers: Object.fromEntries(fields),
		period,
		...(projectId === undefined ? {} : { projectId }),
	};
}
