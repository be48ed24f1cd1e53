import { fromAtlasCode } from "../../domain/atlas-error-codes.ts";
import { areSameCredentials, type Credentials } from "../../domain/credentials.ts";
import { AtlasError } from "../../domain/errors.ts";
import { readErrorBody } from "../replies/error-body.ts";
import type { AtlasReply, AtlasRequest, Layer, Send } from "../request.ts";
import { digest } from "./digest.ts";
import { oauth } from "./oauth.ts";

/**
 * Brings the credentials to use.
 *
 * @param refused credentials that Atlas would not take: others are wanted, if there are any by now
 */
export type ReadSecret = (refused?: Credentials) => Promise<Credentials>;

/**
 * Authenticates with whatever the secret holds. A key that Atlas refuses makes the secret be read again, once; if it
 * has changed, the call goes on with the new one, and so do all after it, be it rotated once more meanwhile. Readings
 * that bring the same keys keep their nonce or token.
 *
 * @param schemeOf the way to authenticate with given credentials
 */
export function authenticate(readSecret: ReadSecret, schemeOf: (credentials: Credentials) => Layer): Layer {
	return (next) => {
		let session: { readonly credentials: Credentials; readonly send: Send } | undefined;
		const sendWith = (credentials: Credentials): Send => {
			if (!session || !areSameCredentials(session.credentials, credentials)) {
				session = { credentials, send: schemeOf(credentials)(next) };
			}
			return session.send;
		};
		return async (call) => {
			for (let credentials = await readSecret(); ; ) {
				const answer = await attempt(sendWith(credentials), call);
				if ("reply" in answer && !isKeyRefused(answer.reply)) return answer.reply;
				const present = await readSecret(credentials);
				if (areSameCredentials(credentials, present)) return replyOf(answer);
				credentials = present;
			}
		};
	};
}

/** A key is refused by a reply of the API, or by the token endpoint, before there is a reply. */
type Answer = { readonly reply: AtlasReply } | { readonly error: AtlasError };

async function attempt(send: Send, call: AtlasRequest): Promise<Answer> {
	try {
		return { reply: await send(call) };
	} catch (error) {
		if (error instanceof AtlasError && error.name === "ATLAS_KEY_REFUSED") return { error };
		throw error;
	}
}

function replyOf(answer: Answer): AtlasReply {
	if ("error" in answer) throw answer.error;
	return answer.reply;
}

/** @param now epoch milliseconds */
export function schemeOf(credentials: Credentials, now: () => number): Layer {
	switch (credentials.kind) {
		case "api-key":
			return digest({ publicKey: credentials.publicKey, privateKey: credentials.privateKey, now });
		case "service-account":
			return oauth({ clientId: credentials.clientId, clientSecret: credentials.clientSecret, now });
	}
}

/**
 * Whether a 401 is about the key, its challenge or its token, rather than about what the key may do: Atlas says 401 to
 * a missing role and to a foreign project as well, and no other key, nonce or token would cure those.
 */
export function isKeyRefused(reply: AtlasReply): boolean {
	if (reply.status !== 401) return false;
	const code = fromAtlasCode(readErrorBody(reply)?.errorCode);
	return code === undefined || code === "ATLAS_KEY_REFUSED";
}
