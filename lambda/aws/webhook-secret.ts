import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { ServiceError } from "../domain/errors.ts";

let client: SecretsManagerClient | undefined;

/**
 * @returns the secret's text; `undefined` if the secret has no value or does not exist
 * @throws ServiceError `SECRET_UNREADABLE`
 */
export async function readWebhookSecret(secretId: string): Promise<string | undefined> {
	client ??= new SecretsManagerClient({
		maxAttempts: 3,
		requestHandler: { connectionTimeout: 1500, requestTimeout: 3000, throwOnRequestTimeout: true },
	});
	try {
		return (await client.send(new GetSecretValueCommand({ SecretId: secretId }))).SecretString;
	} catch (error) {
		const name = error instanceof Error ? error.name : "unknown error";
		if (name === "ResourceNotFoundException") return undefined;
		const message = `webhook secret: Secrets Manager doesn't give it (${name})`;
		throw new ServiceError("SECRET_UNREADABLE", message, { cause: error, transient: name !== "AccessDeniedException" });
	}
}
