import type { RemovalPolicy } from "aws-cdk-lib";
import { CfnEIP, FlowLogDestination, NatProvider, SubnetType, Vpc } from "aws-cdk-lib/aws-ec2";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

export interface EgressVpcProps {
	/** 1, or 2 so that a zone may fail. Each costs about as much as everything else here together. */
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
