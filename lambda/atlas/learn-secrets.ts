import type { Credentials } from "../secrets/credentials.ts";
import type { ReadSecret } from "./auth/index.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import type { Layer } from "./wire.ts";

/** Learns the keys as they are read. */
export const learnKeys =
	(known: KnownSecrets, readSecret: ReadSecret): ReadSecret =>
	async (refused) => {
		const credentials = await readSecret(refused);
		known.addKey(keyOf(credentials));
		return credentials;
	};

const keyOf = (credentials: Credentials): string =>
	credentials.kind === "api-key" ? credentials.privateKey : credentials.clientSecret;

/**
 * Learns what a request shows of them: the digest's response, without which the rest of its field says nothing, or the
 * credentials of any other `Authorization` field. Once more with the reply, which may come after those of many later
 * requests.
 *
 * @see RFC 7616 §3.4; RFC 7617 §2; RFC 6750 §2.1
 */
export const learnAuthorization =
	(known: KnownSecrets): Layer =>
	(next) =>
	async (call) => {
		const { authorization = "" } = call.headers;
		const response = /\bresponse="([^"]+)"/.exec(authorization)?.[1];
		const learn = () => known.addSent(response ?? authorization.slice(authorization.indexOf(" ") + 1));
		learn();
		try {
			return await next(call);
		} finally {
			learn();
		}
	};
