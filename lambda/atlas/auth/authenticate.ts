import { fromAtlasCode } from "../../domain/atlas-error-codes.ts";
import { areSameCredentials, type Credentials } from "../../domain/credentials.ts";
import { AtlasError } from "../../domain/errors.ts";
import { readErrorBody } from "../replies/error-body.ts";
import type { AtlasReply, Layer, Send } from "../request.ts";
import { digest } from "./digest.ts";
import { oauth } from "./oauth.ts";

/** @param refused credentials that Atlas refused: the secret is read again, unless it has been since they were read */
export type ReadSecret = (refused?: Credentials) => Promise<Credentials>;

/**
 * Authenticates with the credentials in the secret. When Atlas refuses them, the secret is read again; if it holds others,
 * the request is sent with those, and so on after a further rotation. Unchanged credentials keep their nonce or token.
 *
 * @param now epoch milliseconds
 */
export function authenticate(readSecret: ReadSecret, now: () => number): Layer {
	return (next) => {
		let session: { readonly credentials: Credentials; readonly send: Send } | undefined;
		const sendWith = (credentials: Credentials): Send => {
			if (!session || !areSameCredentials(session.credentials, credentials)) {
				const scheme = credentials.kind === "api-key" ? digest(credentials, now) : oauth(credentials, now);
				session = { credentials, send: scheme(next) };
			}
			return session.send;
		};
		return async (request) => {
			for (let credentials = await readSecret(); ; ) {
				const result = await sendWith(credentials)(request).catch(refusedByTokenEndpoint);
				if (!(result instanceof AtlasError) && !isKeyRefused(result)) return result;
				const current = await readSecret(credentials);
				if (!areSameCredentials(credentials, current)) credentials = current;
				else if (result instanceof AtlasError) throw result;
				else return result;
			}
		};
	};
}

function refusedByTokenEndpoint(error: unknown): AtlasError {
	if (error instanceof AtlasError && error.name === "ATLAS_KEY_REFUSED") return error;
	throw error;
}

/**
 * Whether a 401 refuses the key, challenge or token. Atlas also replies 401 to a missing role and to another
 * organisation's project, where other credentials would not help.
 */
export function isKeyRefused(reply: AtlasReply): boolean {
	if (reply.status !== 401) return false;
	const code = fromAtlasCode(readErrorBody(reply)?.errorCode);
	return code === undefined || code === "ATLAS_KEY_REFUSED";
}
