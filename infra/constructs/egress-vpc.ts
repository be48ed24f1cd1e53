import { type RemovalPolicy, Stack } from "aws-cdk-lib";
import {
	CfnEIP,
	FlowLogDestination,
	type ISecurityGroup,
	type IVpc,
	NatProvider,
	Peer,
	Port,
	SecurityGroup,
	SubnetType,
	Vpc,
} from "aws-cdk-lib/aws-ec2";
import { Policy, PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { acknowledge } from "./naming.ts";
import type { Network } from "./service-function.ts";

export interface EgressVpcProps {
	/** 1, or 2 so that an availability zone may fail. Each costs about as much as the rest of the stack. */
	readonly natGateways: number;
	readonly logRetention: RetentionDays;
	readonly removalPolicy: RemovalPolicy;
}

/** A network with fixed addresses to the outside, for the access list of Atlas's keys. */
export class EgressVpc extends Construct {
	readonly vpc: Vpc;
	/** IPv4 addresses from which Atlas is called. */
	readonly addresses: readonly string[];

	constructor(scope: Construct, id: string, { natGateways, logRetention, removalPolicy }: EgressVpcProps) {
		super(scope, id);
		const eips = Array.from(
			{ length: natGateways },
			(_, index) => new CfnEIP(this, `Address${index + 1}`, { domain: "vpc" }),
		);
		this.addresses = eips.map(({ attrPublicIp }) => attrPublicIp);
		const logs = new LogGroup(this, "FlowLogs", { retention: logRetention, removalPolicy });
		this.vpc = new Vpc(this, "Vpc", {
			maxAzs: 2,
			natGateways,
			natGatewayProvider: NatProvider.gateway({
				eipAllocationIds: eips.map(({ attrAllocationId }) => attrAllocationId),
			}),
			subnetConfiguration: [
				{ name: "out", subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false },
				{ name: "functions", subnetType: SubnetType.PRIVATE_WITH_EGRESS },
			],
			restrictDefaultSecurityGroup: false,
			flowLogs: { rejected: { destination: FlowLogDestination.toCloudWatchLogs(logs) } },
		});
	}
}

/** The network of functions that call Atlas: without a given group, in one that lets nothing in and only HTTPS out. */
export function outbound(scope: Construct, id: string, vpc: IVpc, given?: ISecurityGroup): Network {
	if (given) return { vpc, securityGroup: given };
	const securityGroup = new SecurityGroup(scope, id, {
		vpc,
		description: "Atlas and AWS over HTTPS",
		allowAllOutbound: false,
	});
	securityGroup.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "Atlas and AWS");
	return { vpc, securityGroup };
}

/**
 * Lets Lambda connect a function to a VPC. `Describe…` has no resource-level permissions, and interfaces have no names
 * before they exist, so both are wider than the other statements here.
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
