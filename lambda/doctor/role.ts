import { AtlasError } from "../domain/errors.ts";

/**
 * Whether Atlas refused what was asked for, and not who asked: then it had no objection to the role. Inferred, because
 * no call tells an API key's roles to the key itself, and because Atlas checks the role first: a missing one is 401
 * `USER_UNAUTHORIZED` whatever the body holds.
 */
export function isAboutTheRequest(error: unknown): boolean {
	if (!(error instanceof AtlasError)) return false;
	const { code, status = 0, errorCode = "" } = error.fault;
	if (status === 401 || status === 402 || status === 429 || status < 400 || status >= 500) return false;
	if (code === "ATLAS_FORBIDDEN") return errorCode.endsWith("UNSUPPORTED") || errorCode.startsWith("UNSUPPORTED");
	return !ABOUT_WHO_ASKS.has(code);
}

const ABOUT_WHO_ASKS: ReadonlySet<string> = new Set([
	"ATLAS_ROLE_MISSING",
	"ATLAS_ADDRESS_REFUSED",
	"ATLAS_UPGRADING",
	"ATLAS_UNREADABLE",
	"ATLAS_VERSION_GONE",
	"ATLAS_CLUSTER_NOT_FOUND",
	"ATLAS_PROJECT_NOT_FOUND",
]);
