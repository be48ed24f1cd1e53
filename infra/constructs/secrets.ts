import { Duration, type RemovalPolicy, Stack, Token } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { CfnRotationSchedule, CfnSecret, type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import { PLACEHOLDER_CLIENT_ID } from "../../lambda/domain/credentials.ts";
import { acknowledge } from "./naming.ts";
import type { RotatedSecretProps } from "./props.ts";
import { allow } from "./service-function.ts";

/** In place of keys; the service refuses it as `SECRET_INVALID` until it is replaced. */
const PLACEHOLDER = { clientId: "", clientSecret: "" };

/**
 * The same in the form that Secrets Manager demands of its managed kind for Atlas: it checks the client id
 * (`mdb_sa_id_` and 24 hexadecimal digits) and the organization's (24 of them).
 *
 * @see Secrets Manager user guide, "MongoDB Atlas Service Account Credentials", secret value fields
 */
const ROTATED_PLACEHOLDER = {
	clientId: PLACEHOLDER_CLIENT_ID,
	clientSecret: "placeholder-replace-me",
	orgId: "0".repeat(24),
};

export interface AtlasSecretProps {
	readonly given?: ISecret | RotatedSecretProps;
	/** Encrypts a new secret. */
	readonly key?: IKey;
	readonly removalPolicy: RemovalPolicy;
}

/** The secret given, or a new one. */
export function atlasSecret(scope: Construct, id: string, { given, ...props }: AtlasSecretProps): ISecret {
	if (given === undefined) return placeholderSecret(scope, id, props);
	return "adminSecret" in given ? rotatedSecret(scope, id, given, props) : given;
}

/** A new secret, to be filled by hand after the first deploy, because a template must not hold keys. */
function placeholderSecret(scope: Construct, id: string, { key, removalPolicy }: AtlasSecretProps): ISecret {
	const secret = new Secret(scope, id, {
		description: "Keys of MongoDB Atlas for on-demand snapshots: {clientId, clientSecret} of a service account",
		// Secrets Manager must generate something; it is put under a key that nothing reads.
		generateSecretString: { secretStringTemplate: JSON.stringify(PLACEHOLDER), generateStringKey: "placeholder" },
		encryptionKey: key,
		removalPolicy,
	});
	acknowledge(
		secret,
		"SMG4",
		"Atlas gives out the keys; give `rotation` for the kind of secret that AWS rotates with Atlas",
	);
	return secret;
}

/**
 * A secret of AWS's managed kind for Atlas service accounts, renewed by Secrets Manager with the admin's keys. Its first
 * rotation is the first due one, not at the deploy, when it still holds the placeholder.
 *
 * @see Secrets Manager user guide, "MongoDB Atlas Service Account Credentials" and "Security and permissions" of managed
 * external secrets
 */
function rotatedSecret(
	scope: Construct,
	id: string,
	{ adminSecret, every = Duration.days(30) }: RotatedSecretProps,
	{ key, removalPolicy }: AtlasSecretProps,
): ISecret {
	const resource = new CfnSecret(scope, id, {
		description: "Keys of MongoDB Atlas for on-demand snapshots: {clientId, clientSecret, orgId} of a service account",
		type: "MongoDBAtlasServiceAccount",
		secretString: JSON.stringify(ROTATED_PLACEHOLDER),
		kmsKeyId: key?.keyArn,
	});
	resource.applyRemovalPolicy(removalPolicy);
	const { account } = Stack.of(scope);
	const role = new Role(scope, `${id}Rotation`, {
		assumedBy: new ServicePrincipal("secretsmanager.amazonaws.com", {
			conditions: { StringEquals: { "aws:SourceAccount": account }, ArnLike: { "aws:SourceArn": resource.ref } },
		}),
	});
	role.addToPolicy(
		allow(
			[
				"secretsmanager:DescribeSecret",
				"secretsmanager:GetSecretValue",
				"secretsmanager:PutSecretValue",
				"secretsmanager:UpdateSecretVersionStage",
			],
			[resource.ref],
		),
	);
	role.addToPolicy(allow(["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], secretArns(adminSecret)));
	if (key) allowKey(role, key, ["kms:Decrypt", "kms:GenerateDataKey"]);
	if (adminSecret.encryptionKey) allowKey(role, adminSecret.encryptionKey, ["kms:Decrypt"]);
	const schedule = new CfnRotationSchedule(scope, `${id}Schedule`, {
		secretId: resource.ref,
		rotationRules: { automaticallyAfterDays: every.toDays() },
		rotateImmediatelyOnUpdate: false,
		externalSecretRotationRoleArn: role.roleArn,
		externalSecretRotationMetadata: [{ key: "adminSecretArn", value: adminSecret.secretArn }],
	});
	schedule.node.addDependency(role);
	acknowledge(
		resource,
		"SMG4",
		"it is rotated, by AWS's own rotation for this type of secret, which the rule does not know",
	);
	return Secret.fromSecretAttributes(scope, `${id}Reference`, { secretCompleteArn: resource.ref, encryptionKey: key });
}

/** A new secret without a value: until it holds `whsec_…` keys, every hook is refused. */
export function webhookSecret(
	scope: Construct,
	id: string,
	{ key, removalPolicy }: { readonly key?: IKey; readonly removalPolicy: RemovalPolicy },
): ISecret {
	const resource = new CfnSecret(scope, id, {
		description:
			'Keys by which hooks for Atlas snapshots are signed: {"<caller>": "whsec_<base64 of 24 to 64 bytes>"} (Standard Webhooks), several of a caller as a list',
	});
	resource.kmsKeyId = key?.keyArn;
	resource.applyRemovalPolicy(removalPolicy);
	acknowledge(
		resource,
		"SMG4",
		"its keys are shared with the callers, who must change with them; several are valid at once",
	);
	return Secret.fromSecretAttributes(scope, `${id}Reference`, { secretCompleteArn: resource.ref, encryptionKey: key });
}

/** Lets a role read the value of one secret. */
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
function allowKey(role: Role, key: IKey, actions: readonly string[]): void {
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
function secretArns({ secretArn }: ISecret): string[] {
	if (Token.isUnresolved(secretArn)) return [secretArn];
	const completed = `${secretArn}-??????`;
	return /-[A-Za-z0-9]{6}$/.test(secretArn) ? [secretArn, completed] : [completed];
}
