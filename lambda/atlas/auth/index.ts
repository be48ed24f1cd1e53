import type { Credentials } from "../../secrets/credentials.ts";
import type { Layer } from "../wire.ts";
import { digest } from "./digest.ts";
import { oauth } from "./oauth.ts";

export { authenticate, type ReadSecret } from "./rotation.ts";

/** @param now epoch milliseconds */
export function schemeOf(credentials: Credentials, now: () => number): Layer {
	switch (credentials.kind) {
		case "api-key":
			return digest({ publicKey: credentials.publicKey, privateKey: credentials.privateKey, now });
		case "service-account":
			return oauth({ clientId: credentials.clientId, clientSecret: credentials.clientSecret, now });
	}
}
