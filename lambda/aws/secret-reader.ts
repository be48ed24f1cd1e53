import { GetSecretValueCommand, type GetSecretValueCommandOutput } from "@aws-sdk/client-secrets-manager";
import { type Credentials, parseCredentials } from "../domain/credentials.ts";
import { ServiceError } from "../domain/errors.ts";

/** Milliseconds for which a secret is cached. */
const MAX_AGE_MS = 5 * 60_000;

/** The part of the AWS SDK's `SecretsManagerClient` that is used. */
export interface SecretsClient {
	send(command: GetSecretValueCommand): Promise<GetSecretValueCommandOutput>;
}

/**
 * Creates a function that returns the credentials, read at most 5 minutes ago; concurrent callers share one request. Its
 * argument are credentials that Atlas refused: the secret is read again, unless it has been since they were read. It throws
 * ServiceError `SECRET_UNREADABLE` (`transient` unless AWS refuses the call) and InputError `SECRET_INVALID`.
 *
 * @param secretId name or ARN
 * @param now epoch milliseconds
 * @param onWarning called at most once per read; the warning names fields, never values
 */
export function createSecretReader(
	client: SecretsClient,
	secretId: string,
	now: () => number = Date.now,
	onWarning: (warning: string) => void = () => {},
): (refused?: Credentials) => Promise<Credentials> {
	let cached: { readonly credentials: Credentials; readonly readAt: number } | undefined;
	let pending: Promise<Credentials> | undefined;

	const fetchSecret = async (): Promise<Credentials> => {
		const readAt = now();
		const { credentials, warning } = parseCredentials(await readSecretText(client, secretId), secretId);
		if (warning !== undefined) onWarning(warning);
		cached = { credentials, readAt };
		return credentials;
	};

	return async (refused) => {
		if (pending) return pending;
		const age = cached ? now() - cached.readAt : 0;
		// The age is negative if the clock was set back.
		if (cached && cached.credentials !== refused && age >= 0 && age < MAX_AGE_MS) return cached.credentials;
		pending = fetchSecret().finally(() => {
			pending = undefined;
		});
		return pending;
	};
}

/**
 * Returns the text of a secret; a binary one is read as UTF-8.
 *
 * @throws ServiceError `SECRET_UNREADABLE`
 */
export async function readSecretText(client: SecretsClient, secretId: string): Promise<string> {
	const output = await client.send(new GetSecretValueCommand({ SecretId: secretId })).catch((error: unknown) => {
		throw toSecretError(error, secretId);
	});
	return output.SecretString ?? (output.SecretBinary ? new TextDecoder().decode(output.SecretBinary) : "");
}

/** Advice for each refusal of AWS. All other errors are transient. */
const ADVICE: Readonly<Record<string, string>> = {
	ResourceNotFoundException: "there is none of this name in this account and region, or it has no current value",
	AccessDeniedException: "allow the function's role secretsmanager:GetSecretValue on it, and kms:Decrypt on its key",
	DecryptionFailure: "allow the function's role kms:Decrypt on the secret's key, and check that the key is enabled",
	InvalidRequestException: "it is marked for deletion; restore it",
	InvalidParameterException: "the secret's id is malformed; check ATLAS_SECRET_ID",
	ValidationException: "the secret's id is malformed; check ATLAS_SECRET_ID",
	UnrecognizedClientException: "AWS does not know these AWS credentials; check the caller's",
	CredentialsProviderError: "there are no AWS credentials; check the caller's",
};

/** The SDK's error is not kept as the cause: a hidden field of it may hold the reply, and so the secret. */
function toSecretError(error: unknown, secretId: string): ServiceError {
	const name = error instanceof Error && /^[A-Za-z]{1,64}$/.test(error.name) ? error.name : "Error";
	const advice = ADVICE[name];
	const message = `secret ${secretId}: ${advice ?? "Secrets Manager did not return it"} (${name})`;
	return new ServiceError("SECRET_UNREADABLE", message, { transient: advice === undefined });
}
