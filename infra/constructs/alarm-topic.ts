import { Duration, type RemovalPolicy, Stack } from "aws-cdk-lib";
import { Effect, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";

/** The topic of alarms and failed targets. @param email subscribed, once it has confirmed */
export function alarmTopic(scope: Construct, id: string, email: string | undefined): Topic {
	const topic = new Topic(scope, id, { displayName: "Atlas snapshots", enforceSSL: true });
	const { account } = Stack.of(scope);
	// The policy that `enforceSSL` adds replaces SNS's default one, which lets alarms in.
	topic.addToResourcePolicy(
		new PolicyStatement({
			sid: "AlarmsOfThisAccount",
			effect: Effect.ALLOW,
			principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
			actions: ["sns:Publish"],
			resources: [topic.topicArn],
			conditions: { StringEquals: { "aws:SourceAccount": account } },
		}),
	);
	if (email !== undefined) topic.addSubscription(new EmailSubscription(email));
	return topic;
}

/** Keeps what could not be delivered, by default for the longest time that SQS allows. */
export const deadLetterQueue = (
	scope: Construct,
	id: string,
	removalPolicy: RemovalPolicy,
	retentionPeriod = Duration.days(14),
): Queue => new Queue(scope, id, { enforceSSL: true, retentionPeriod, removalPolicy });
