import { Duration, type RemovalPolicy } from "aws-cdk-lib";
import { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";

/** Keeps what could not be delivered for as long as SQS can, 14 days, so that a long holiday loses nothing. */
export const deadLetterQueue = (
	scope: Construct,
	id: string,
	removalPolicy: RemovalPolicy,
	retentionPeriod = Duration.days(14),
): Queue => new Queue(scope, id, { enforceSSL: true, retentionPeriod, removalPolicy });
