import { Stack } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { ScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { allow } from "./service-function.ts";

/**
 * What EventBridge Scheduler may do on behalf of one group's schedules: call one function, and keep what it could not
 * deliver. Pass it to a target `withoutPolicyUpdates()`, since the target's own grants would reach every version.
 *
 * @see EventBridge Scheduler user guide, "Confused deputy prevention"
 */
export function schedulerRole(
	scope: Construct,
	id: string,
	group: ScheduleGroup,
	target: IFunction,
	undelivered: Queue,
): Role {
	const role = new Role(scope, id, {
		assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
			conditions: {
				StringEquals: { "aws:SourceAccount": Stack.of(scope).account, "aws:SourceArn": group.scheduleGroupArn },
			},
		}),
	});
	role.addToPolicy(allow(["lambda:InvokeFunction"], [target.functionArn]));
	role.addToPolicy(allow(["sqs:SendMessage"], [undelivered.queueArn]));
	return role;
}
