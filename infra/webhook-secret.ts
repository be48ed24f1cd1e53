import type { RemovalPolicy } from "aws-cdk-lib";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { CfnSecret, type ISecret, Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import { acknowledge } from "./acknowledge.ts";

/** A new secret without a value: until someone puts `whsec_…` keys in, there is no hook. */
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
