import { Annotations, type RemovalPolicy, Stack } from "aws-cdk-lib";
import {
	EventBus,
	EventField,
	type IEventBus,
	type IRuleTarget,
	type OnEventOptions,
	Rule,
	RuleTargetInput,
} from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { EVENT_DETAIL_TYPE, EVENT_SOURCE, type State } from "../../lambda/domain/outcome.ts";
import { deadLetterQueue } from "./alarm-topic.ts";
import { acknowledge, physicalName } from "./naming.ts";
import type { Runbook } from "./runbook.ts";

/** Final states of a target that should have a snapshot and has none. */
export const FAILED_STATES: readonly State[] = ["FAILED", "REFUSED", "LOST"];
const NOTIFIED_STATES: readonly State[] = ["LATE", ...FAILED_STATES];

export interface PublishingProps {
	readonly bus?: IEventBus;
	readonly topic: ITopic;
	readonly runbook: Runbook;
	readonly removalPolicy: RemovalPolicy;
}

/** The bus that outcomes are published on, and the rule that notifies people of the bad ones. */
export class Publishing extends Construct {
	readonly bus: IEventBus;
	/** Receives the notifications that the topic did not accept. */
	readonly undelivered: Queue;

	constructor(scope: Construct, id: string, props: PublishingProps) {
		super(scope, id);
		this.bus =
			props.bus ??
			new EventBus(this, "Bus", {
				eventBusName: physicalName(this, 256),
				description: "What became of Atlas snapshots",
			});
		this.undelivered = deadLetterQueue(this, "Unmailed", props.removalPolicy);
		acknowledge(this.undelivered, "SQS3", "it is the dead-letter queue of the rule that notifies people");
		const rule = this.onStates("NotCompleted", NOTIFIED_STATES, {
			description: "Notifies people of Atlas snapshots that are late or did not complete",
			target: toTopic(props.topic, this.undelivered, notification(props.runbook)),
		});
		Annotations.of(rule).acknowledgeWarning(
			"@aws-cdk/aws-events:ruleUnresolvedEnvironment",
			"a given bus or topic is in the stack's own account and region",
		);
	}

	/** A rule for the events of some states. */
	onStates(id: string, states: readonly State[], options: OnEventOptions): Rule {
		const { target, ...props } = options;
		return new Rule(this, id, {
			...props,
			eventBus: this.bus,
			eventPattern: {
				source: [EVENT_SOURCE],
				detailType: [EVENT_DETAIL_TYPE],
				...props.eventPattern,
				detail: { ...props.eventPattern?.detail, state: states },
			},
			targets: target && [target],
		});
	}
}

/**
 * A topic as the target of a rule. Only this rule may publish by it, and what does not arrive within a day is kept: the
 * CDK's own target lets every rule of every account in.
 *
 * @see Amazon SNS developer guide, "Example cases for access control": EventBridge; confused deputy prevention
 */
const toTopic = (topic: ITopic, undelivered: Queue, input: RuleTargetInput): IRuleTarget => ({
	bind(rule) {
		const { ruleArn: arn } = rule.ruleRef;
		const fromThisRule = {
			ArnEquals: { "aws:SourceArn": arn },
			StringEquals: { "aws:SourceAccount": Stack.of(undelivered).account },
		};
		const allow = (action: string, resource: string) =>
			new PolicyStatement({
				principals: [new ServicePrincipal("events.amazonaws.com")],
				actions: [action],
				resources: [resource],
				conditions: fromThisRule,
			});
		topic.addToResourcePolicy(allow("sns:Publish", topic.topicArn));
		undelivered.addToResourcePolicy(allow("sqs:SendMessage", undelivered.queueArn));
		return { arn: topic.topicArn, input, deadLetterConfig: { arn: undelivered.queueArn }, targetResource: topic };
	},
});

/** The text of an e-mail. */
function notification(runbook: Runbook): RuleTargetInput {
	const of = (field: string) => EventField.fromPath(`$.detail.${field}`);
	return RuleTargetInput.fromMultilineText(
		[
			`Atlas snapshot ${of("state")}: cluster ${of("clusterName")} of project ${of("projectId")}`,
			`Reason: ${of("reason.message")} (${of("reason.code")})`,
			`Requested: ${of("requestedAt")} by ${of("trigger")}, ended: ${of("endedAt")}`,
			`Run: ${of("run")}, snapshot: ${of("snapshotId")}`,
			`Runbook: ${runbook("a-run-failed")}`,
		].join("\n"),
	);
}
