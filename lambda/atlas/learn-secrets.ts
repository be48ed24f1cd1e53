import type { Credentials } from "../secrets/credentials.ts";
import type { ReadSecret } from "./auth/index.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import type { Layer } from "./wire.ts";

/** Learns the keys as they are read. */
export const learnKeys =
	(known: KnownSecrets, readSecret: ReadSecret): ReadSecret =>
	async (refused) => {
		const credentials = await readSecret(refused);
		known.add(keyOf(credentials));
		return credentials;
	};

const keyOf = (credentials: Credentials): string =>
	credentials.kind === "api-key" ? credentials.privateKey : credentials.clientSecret;

/**
 * Learns what a request shows of them: the credentials of the `Authorization` field, and the digest's response. Once
 * more with the reply, which may come after those of many later requests.
 */
export const learnAuthorization =
	(known: KnownSecrets): Layer =>
	(next) =>
	async (call) => {
		const { authorization = "" } = call.headers;
		const learn = () => {
			known.add(authorization.slice(authorization.indexOf(" ") + 1));
			known.add(/response="([^"]+)"/.exec(authorization)?.[1] ?? "");
		};
		learn();
		try {
			return await next(call);
		} finally {
			learn();
		}
	};
