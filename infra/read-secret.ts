import { Stack, Token } from "aws-cdk-lib";
import { PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import { allow } from "./service-function.ts";

/**
 * Lets a role read one secret, and nothing about it but its value.
 */
export function allowReading(role: Role, secret: ISecret): void {
	role.addToPolicy(allow(["secretsmanager:GetSecretValue"], secretArns(secret)));
	if (secret.encryptionKey === undefined) return;
	allowKey(role, secret.encryptionKey, ["kms:Decrypt"]);
}

/**
 * Lets a role use a key of the customer's through Secrets Manager only: without that condition it could decrypt whatever
 * else the key protects.
 *
 * @see Secrets Manager user guide, "Secret encryption and decryption", permissions for the KMS key
 */
export function allowKey(role: Role, key: IKey, actions: readonly string[]): void {
	role.addToPolicy(
		new PolicyStatement({
			actions: [...actions],
			resources: [key.keyArn],
			conditions: { StringEquals: { "kms:ViaService": `secretsmanager.${Stack.of(role).region}.amazonaws.com` } },
		}),
	);
}

/**
 * Secrets Manager ends an ARN with a hyphen and six random characters; people also give ARNs without them. An ARN that
 * ends so may be either, since a name may end so too (`atlas-secret`): both are granted then.
 */
export function secretArns({ secretArn }: ISecret): string[] {
	if (Token.isUnresolved(secretArn)) return [secretArn];
	const completed = `${secretArn}-??????`;
	return /-[A-Za-z0-9]{6}$/.test(secretArn) ? [secretArn, completed] : [completed];
}
