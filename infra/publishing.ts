import { Annotations } from "aws-cdk-lib";
import {
	EventBus,
	EventField,
	type IEventBus,
	type OnEventOptions,
	Rule,
	RuleTargetInput,
} from "aws-cdk-lib/aws-events";
import { SnsTopic } from "aws-cdk-lib/aws-events-targets";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { EVENT_DETAIL_TYPE, EVENT_SOURCE, type State } from "../lambda/domain/outcome.ts";
import { physicalName } from "./physical-name.ts";

/** What people are told of: everything that is not a completed snapshot, nor on its way to one, nor skipped on purpose. */
export const FAILED_STATES: readonly State[] = ["FAILED", "REFUSED", "LOST"];
const MAILED_STATES: readonly State[] = ["LATE", ...FAILED_STATES];

export interface PublishingProps {
	readonly bus?: IEventBus;
	readonly topic: ITopic;
}

/** The bus that outcomes are put on, and the rule that tells people of the bad ones. */
export class Publishing extends Construct {
	readonly bus: IEventBus;

	constructor(scope: Construct, id: string, props: PublishingProps) {
		super(scope, id);
		this.bus =
			props.bus ??
			new EventBus(this, "Bus", {
				eventBusName: physicalName(this, 256),
				description: "What became of Atlas snapshots",
			});
		const rule = this.onStates("NotCompleted", MAILED_STATES, {
			description: "Tells people of Atlas snapshots that are late or did not complete",
			target: new SnsTopic(props.topic, { message: mail() }),
		});
		Annotations.of(rule).acknowledgeWarning(
			"@aws-cdk/aws-events:ruleUnresolvedEnvironment",
			"a bus and a topic that are given lie in the stack's own account and region",
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
			...(target ? { targets: [target] } : {}),
		});
	}
}

/** A mail for people: first what happened to what, then why, then what to look it up by. */
function mail(): RuleTargetInput {
	const of = (field: string) => EventField.fromPath(`$.detail.${field}`);
	return RuleTargetInput.fromMultilineText(
		[
			`Atlas snapshot ${of("state")}: cluster ${of("clusterName")} of project ${of("projectId")}`,
			`Reason: ${of("reason.message")} (${of("reason.code")})`,
			`Asked for: ${of("requestedAt")} by ${of("trigger")}, ended: ${of("endedAt")}`,
			`Run: ${of("run")}, snapshot: ${of("snapshotId")}`,
		].join("\n"),
	);
}
