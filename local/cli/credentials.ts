import { isAllowedAtlas } from "../../lambda/handlers/config.ts";
import type { SigningKeys } from "../gateway/sigv4.ts";
import { UsageError } from "./command.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

/** The CLI's variables, which are keys of the secret as well: both kinds, or one. */
const PAIRS = [
	["MONGODB_ATLAS_CLIENT_ID", "MONGODB_ATLAS_CLIENT_SECRET"],
	["MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"],
] as const;

/**
 * Makes the text of the Atlas secret out of the environment.
 *
 * @throws UsageError where no pair of variables is whole
 */
export function secretOfEnvironment(env: Variables): string {
	const pairs = PAIRS.filter((names) => names.every((name) => env[name]));
	if (pairs.length === 0) {
		const choice = PAIRS.map(([id, secret]) => `${id} and ${secret}`).join(", or ");
		throw new UsageError(`--atlas-url needs the keys in the environment: set ${choice}`);
	}
	return JSON.stringify(Object.fromEntries(pairs.flat().map((name) => [name, env[name]])));
}

/**
 * The AWS keys of whoever calls the HTTP API under `--iam`.
 *
 * @throws UsageError where they are not set
 */
export function signingKeysOf(env: Variables): SigningKeys {
	const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env;
	if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
		return {
			accessKeyId: AWS_ACCESS_KEY_ID,
			secretAccessKey: AWS_SECRET_ACCESS_KEY,
			sessionToken: AWS_SESSION_TOKEN || undefined,
		};
	}
	throw new UsageError(
		"--iam needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, with which callers sign",
	);
}

/** @returns the origin of `--atlas-url`, where it is given @throws UsageError */
export function readAtlasUrl(text: string | undefined): string | undefined {
	if (text === undefined) return undefined;
	if (isAllowedAtlas(text)) return new URL(text).origin;
	throw new UsageError("--atlas-url must be an https URL without path or query (http only for loopback)");
}
