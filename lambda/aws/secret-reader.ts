import { GetSecretValueCommand, type GetSecretValueCommandOutput } from "@aws-sdk/client-secrets-manager";
import { type Credentials, parseCredentials } from "../domain/credentials.ts";
import { ServiceError } from "../domain/errors.ts";

/** Milliseconds after which a secret is read again, whatever happens. */
const KEPT_MS = 5 * 60_000;

/** What is needed of the AWS SDK's `SecretsManagerClient`. */
export interface SecretsClient {
	send(command: GetSecretValueCommand): Promise<GetSecretValueCommandOutput>;
}

export interface SecretReader {
	/**
	 * Brings the credentials, read at most 5 minutes ago; concurrent callers share one request.
	 *
	 * @param refused credentials that Atlas would not take: they are read again, unless that has been done meanwhile
	 * @throws ServiceError `SECRET_UNREADABLE`, `transient` where AWS did not do its part
	 * @throws InputError `SECRET_INVALID`
	 */
	(refused?: Credentials): Promise<Credentials>;
	/** Makes the next call read the secret again. */
	forget(): void;
}

/**
 * @param secretId name or ARN
 * @param now epoch milliseconds
 * @param onWarning told of doubts about the secret's shape, once a reading; it names fields, never values
 */
export function createSecretReader(
	client: SecretsClient,
	secretId: string,
	now: () => number = Date.now,
	onWarning: (warning: string) => void = () => {},
): SecretReader {
	let kept: { readonly credentials: Credentials; readonly readAt: number } | undefined;
	let pending: Promise<Credentials> | undefined;

	const fetchSecret = async (): Promise<Credentials> => {
		const readAt = now();
		const { credentials, warning } = parseCredentials(await readSecretText(client, secretId), secretId);
		if (warning !== undefined) onWarning(warning);
		kept = { credentials, readAt };
		return credentials;
	};

	const read = (refused?: Credentials): Promise<Credentials> => {
		if (pending) return pending;
		const age = kept ? now() - kept.readAt : Number.POSITIVE_INFINITY;
		// A clock set back makes the age negative: then nothing is known of it.
		if (kept && kept.credentials !== refused && age >= 0 && age < KEPT_MS) return Promise.resolve(kept.credentials);
		pending = fetchSecret().finally(() => {
			pending = undefined;
		});
		return pending;
	};

	return Object.assign(read, {
		forget: () => {
			kept = undefined;
		},
	});
}

/**
 * Brings the text of a secret; one that was put as binary is read as UTF-8.
 *
 * @throws ServiceError `SECRET_UNREADABLE`
 */
export async function readSecretText(client: SecretsClient, secretId: string): Promise<string> {
	const output = await client.send(new GetSecretValueCommand({ SecretId: secretId })).catch((error: unknown) => {
		throw toSecretError(error, secretId);
	});
	return output.SecretString ?? (output.SecretBinary ? new TextDecoder().decode(output.SecretBinary) : "");
}

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
function toSecretError(error: unknown, secretId: string): ServiceError {
	const name = error instanceof Error && /^[A-Za-z]{1,64}$/.test(error.name) ? error.name : "Error";
	const remedy = REMEDIES[name];
	return remedy === undefined
		? new ServiceError("SECRET_UNREADABLE", `secret ${secretId}: Secrets Manager did not bring it (${name})`, {
				transient: true,
			})
		: new ServiceError("SECRET_UNREADABLE", `secret ${secretId}: ${remedy} (${name})`);
}
