import { type ISecurityGroup, type IVpc, Peer, Port, SecurityGroup } from "aws-cdk-lib/aws-ec2";
import type { Construct } from "constructs";
import type { Network } from "./service-function.ts";

/** Where functions live that call Atlas: without a group given, in one that lets nothing in and only HTTPS out. */
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
