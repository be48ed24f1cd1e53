import { Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/**
 * Accepts a finding of cdk-nag's AwsSolutions pack, with the reason that a reviewer needs. One call a finding: accepting
 * a whole rule would hide the next one.
 *
 * @param finding rule, and where a rule names one the resource in question: `IAM5[Resource::*]`
 */
export function acknowledge(scope: IConstruct, finding: string, reason: string): void {
	Validations.of(scope).acknowledge({ id: `AwsSolutions::AwsSolutions-${finding}`, reason });
}
