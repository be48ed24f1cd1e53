import { CfnParameter, DefaultStackSynthesizer, type Stack } from "aws-cdk-lib";

/**
 * For a stack that is deployed without the CDK: its template takes the functions' code from a bucket and a prefix that
 * are parameters, and asks for no bootstrap. Both are put in by `Fn::Sub`, as the CDK does with its own placeholders.
 */
export const releaseSynthesizer = (): DefaultStackSynthesizer =>
	new DefaultStackSynthesizer({
		// biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's placeholder
		fileAssetsBucketName: "${Bucket}",
		// biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's placeholder
		bucketPrefix: "${Prefix}",
		generateBootstrapVersionRule: false,
	});

/** The parameters that {@link releaseSynthesizer} refers to. */
export function addReleaseParameters(stack: Stack): void {
	new CfnParameter(stack, "Bucket", {
		type: "String",
		description: "Bucket with the functions' zip files, in the region of the stack",
		allowedPattern: "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
		constraintDescription: "must be the name of a bucket, without s3:// and without a path",
	});
	new CfnParameter(stack, "Prefix", {
		type: "String",
		default: "",
		description:
			"What stands before the names of the zip files in the bucket: nothing, or a path that ends with a slash",
		allowedPattern: "^$|^[A-Za-z0-9!_.*'()-][A-Za-z0-9!_.*'()/-]{0,500}/$",
		constraintDescription: "must be empty or end with a slash",
	});
}
