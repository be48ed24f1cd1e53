import { AtlasError } from "../../domain/errors.ts";
import { type Credentials, sameCredentials } from "../../secrets/credentials.ts";
import type { Call, Layer, Reply, Send } from "../wire.ts";
import { isKeyRefused } from "./refusal.ts";

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
			if (!session || !sameCredentials(session.credentials, credentials)) {
				session = { credentials, send: schemeOf(credentials)(next) };
			}
			return session.send;
		};
		return async (call) => {
			for (let credentials = await readSecret(); ; ) {
				const answer = await attempt(sendWith(credentials), call);
				if ("reply" in answer && !isKeyRefused(answer.reply)) return answer.reply;
				const present = await readSecret(credentials);
				if (sameCredentials(credentials, present)) return replyOf(answer);
				credentials = present;
			}
		};
	};
}

/** A key is refused by a reply of the API, or by the token endpoint, before there is a reply. */
type Answer = { readonly reply: Reply } | { readonly error: AtlasError };

async function attempt(send: Send, call: Call): Promise<Answer> {
	try {
		return { reply: await send(call) };
	} catch (error) {
		if (error instanceof AtlasError && error.name === "ATLAS_KEY_REFUSED") return { error };
		throw error;
	}
}

function replyOf(answer: Answer): Reply {
	if ("error" in answer) throw answer.error;
	return answer.reply;
}
