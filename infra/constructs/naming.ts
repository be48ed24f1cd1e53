import { createHash } from "node:crypto";
import { Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/**
 * A physical name: the stack's name and a digest of it and of the construct's path, so that no two stacks of an account
 * and region use the same, however long their names are.
 *
 * @param longest characters that the service allows
 */
export function physicalName(scope: IConstruct, longest: number): string {
	const { stackName } = Stack.of(scope);
	const digest = createHash("sha256").update(`${stackName} ${scope.node.path}`).digest("hex").slice(0, 8);
	return `${stackName.slice(0, longest - digest.length - 1)}-${digest}`;
}

/** Ids that mean the main resource of a construct to the CDK. */
const RESERVED_IDS = ["Default", "Resource"];

/**
 * A construct id from a name in the settings: that name, with an underscore if it is taken or reserved. No name in the
 * settings ends in an underscore.
 */
export const freeId = (scope: IConstruct, name: string): string =>
	scope.node.tryFindChild(name) || RESERVED_IDS.includes(name) ? `${name}_` : name;

/**
 * Accepts a finding of cdk-nag's AwsSolutions pack, with the reason that a reviewer needs. One call a finding: accepting
 * a whole rule would hide the next one.
 *
 * @param finding rule, and where a rule names one the resource in question: `IAM5[Resource::*]`
 */
export function acknowledge(scope: IConstruct, finding: string, reason: string): void {
	Validations.of(scope).acknowledge({ id: `AwsSolutions::AwsSolutions-${finding}`, reason });
}
