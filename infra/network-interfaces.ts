import { Stack } from "aws-cdk-lib";
import { Policy, PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import { acknowledge } from "./acknowledge.ts";

/**
 * Lets Lambda plug a function into a VPC. AWS answers `Describe…` for all resources or none, and interfaces have no
 * names before they exist, so both reach further than the rest of the roles here.
 *
 * @see Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC", execution role
 */
export function allowNetworkInterfaces(role: Role): void {
	const anyInterface = Stack.of(role).formatArn({ service: "ec2", resource: "*", resourceName: "*" });
	const policy = new Policy(role, "NetworkInterfaces", {
		statements: [
			new PolicyStatement({ actions: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], resources: ["*"] }),
			new PolicyStatement({
				actions: [
					"ec2:CreateNetworkInterface",
					"ec2:DeleteNetworkInterface",
					"ec2:AssignPrivateIpAddresses",
					"ec2:UnassignPrivateIpAddresses",
				],
				resources: [anyInterface],
			}),
		],
	});
	policy.attachToRole(role);
	acknowledge(policy, "IAM5[Resource::*]", "ec2:Describe… knows no resource-level permissions");
	acknowledge(
		policy,
		"IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:*/*]",
		"network interfaces have no names before Lambda creates them",
	);
}
