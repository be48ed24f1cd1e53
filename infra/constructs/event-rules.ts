import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { InputError } from "../../lambda/domain/errors.ts";
import { freeId } from "./naming.ts";
import type { EventRuleProps } from "./props.ts";

export interface EventRulesProps {
	readonly rules: readonly EventRuleProps[];
	readonly trigger: IFunction;
	/** Receives the events that could not be delivered to the trigger function. */
	readonly undelivered: Queue;
	readonly hasDefaultRequest: boolean;
}

/** EventBridge rules: an event's `detail` is the request; a rule with an expression carries out the default request. */
export class EventRules extends Construct {
	/** @throws InputError `CONFIG_INVALID` for a rule with an expression where there is no default request */
	constructor(scope: Construct, id: string, { rules, trigger, undelivered, hasDefaultRequest }: EventRulesProps) {
		super(scope, id);
		for (const rule of rules) {
			if ("expression" in rule && !hasDefaultRequest) {
				throw new InputError("CONFIG_INVALID", `event rule ${rule.name}`, [
					{ pointer: "", detail: "needs a defaultRequest, which its expression carries out" },
				]);
			}
			new Rule(this, freeId(this, rule.name), {
				description: `Takes Atlas snapshots: ${rule.name}`,
				...("expression" in rule
					? { schedule: Schedule.expression(rule.expression) }
					: { eventPattern: rule.pattern, eventBus: rule.bus }),
				targets: [
					new LambdaFunction(trigger, {
						deadLetterQueue: undelivered,
						maxEventAge: Duration.hours(6),
						retryAttempts: 185,
					}),
				],
			});
		}
	}
}
