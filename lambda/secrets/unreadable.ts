import { ServiceError } from "../domain/errors.ts";

/** What to do about each of AWS's refusals. Those not named here are AWS's to mend, or the network's. */
const REMEDIES: Readonly<Record<string, string>> = {
	ResourceNotFoundException: "there is none of this name in this account and region, or it has no current value",
	AccessDeniedException: "allow the function's role secretsmanager:GetSecretValue on it, and kms:Decrypt on its key",
	DecryptionFailure: "allow the function's role kms:Decrypt on the secret's key, and check that the key is enabled",
	InvalidRequestException: "it is marked for deletion; restore it",
	InvalidParameterException: "the secret's id is malformed; check ATLAS_SECRET_ID",
	ValidationException: "the secret's id is malformed; check ATLAS_SECRET_ID",
	UnrecognizedClientException: "AWS does not know these AWS credentials; check the caller's",
	CredentialsProviderError: "there are no AWS credentials; check the caller's",
};

/**
 * Translates a failure of Secrets Manager. The SDK's error stays behind: where it could not read a reply it keeps the
 * reply, secret and all, in a hidden field.
 */
export function toUnreadable(error: unknown, secretId: string): ServiceError {
	const name = error instanceof Error && /^[A-Za-z]{1,64}$/.test(error.name) ? error.name : "Error";
	const remedy = REMEDIES[name];
	return remedy === undefined
		? new ServiceError("SECRET_UNREADABLE", `secret ${secretId}: Secrets Manager did not bring it (${name})`, {
				transient: true,
			})
		: new ServiceError("SECRET_UNREADABLE", `secret ${secretId}: ${remedy} (${name})`);
}
