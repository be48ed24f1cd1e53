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

/** Learns what a request shows of them: the `Authorization` field, the token, the digest's response, Basic's pair. */
export const learnAuthorization =
	(known: KnownSecrets): Layer =>
	(next) =>
	(call) => {
		const { authorization = "" } = call.headers;
		known.add(authorization);
		const [, value = ""] =
			/^(?:Bearer|Basic) (.+)$/.exec(authorization) ?? /response="([^"]+)"/.exec(authorization) ?? [];
		known.add(value);
		return next(call);
	};
