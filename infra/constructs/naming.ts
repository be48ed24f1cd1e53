import { createHash } from "node:crypto";
import { Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/**
 * A name for what must be named by us. It begins with the stack's name and ends in a digest of it and of the construct's
 * path, so that two stacks in one account and region never want the same, however long their names are.
 *
 * @param longest characters that the service allows
 */
export function physicalName(scope: IConstruct, longest: number): string {
	const { stackName } = Stack.of(scope);
	const digest = createHash("sha256").update(`${stackName} ${scope.node.path}`).digest("hex").slice(0, 8);
	return `${stackName.slice(0, longest - digest.length - 1)}-${digest}`;
}

/** Ids that the CDK takes for the chief part of a construct. */
const CHIEF = ["Default", "Resource"];

/**
 * The id of a part whose name people chose: that name, unless it is another part's, or means something to the CDK. No name
 * that people may choose ends in an underscore.
 */
export const freeId = (scope: IConstruct, name: string): string =>
	scope.node.tryFindChild(name) || CHIEF.includes(name) ? `${name}_` : name;

/**
 * Accepts a finding of cdk-nag's AwsSolutions pack, with the reason that a reviewer needs. One call a finding: accepting
 * a whole rule would hide the next one.
 *
 * @param finding rule, and where a rule names one the resource in question: `IAM5[Resource::*]`
 */
export function acknowledge(scope: IConstruct, finding: string, reason: string): void {
	Validations.of(scope).acknowledge({ id: `AwsSolutions::AwsSolutions-${finding}`, reason });
}
