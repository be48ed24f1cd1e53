import { Duration, RemovalPolicy, Stack, TimeZone } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import {
	ContextAttribute,
	Schedule,
	ScheduleExpression,
	ScheduleGroup,
	ScheduleTargetInput,
	TimeWindow,
} from "aws-cdk-lib/aws-scheduler";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { InputError, type InputFault } from "../../lambda/domain/errors.ts";
import { readSnapshotRequest } from "../../lambda/domain/request.ts";
import { expectedIntervalFaults, type Timing } from "../settings/expected-interval.ts";
import { expressionFault } from "../settings/schedule-expression.ts";
import { isTimeZone } from "../settings/time-zone.ts";
import { freeId, physicalName } from "./naming.ts";
import type { ScheduleProps } from "./props.ts";
import { allow } from "./service-function.ts";

const UTC = "Etc/UTC";

export interface SchedulesProps {
	readonly schedules: readonly ScheduleProps[];
	readonly trigger: IFunction;
	/** Receives the firings that could not be delivered to the trigger function. */
	readonly undelivered: Queue;
}

/** EventBridge Scheduler: one schedule a request, in a group of their own, with a role that can call one function. */
export class Schedules extends Construct {
	readonly group: ScheduleGroup;
	readonly role: Role;

	/** @throws InputError `CONFIG_INVALID` for a name that occurs twice and an expression or a time zone that is none */
	constructor(scope: Construct, id: string, { schedules, trigger, undelivered }: SchedulesProps) {
		super(scope, id);
		check(schedules);
		// It holds no data, and its name would be taken at the next deploy.
		this.group = new ScheduleGroup(this, "Group", {
			scheduleGroupName: physicalName(this, 64),
			removalPolicy: RemovalPolicy.DESTROY,
		});
		this.role = schedulerRole(this, "Role", this.group, trigger, undelivered);
		for (const { name, expression, timeZone = UTC, flexibleWindow, request } of schedules) {
			const schedule = new Schedule(this, freeId(this, name), {
				description: `Takes Atlas snapshots: ${name}`,
				schedule: ScheduleExpression.expression(expression, TimeZone.of(timeZone)),
				scheduleGroup: this.group,
				timeWindow: flexibleWindow ? TimeWindow.flexible(flexibleWindow) : TimeWindow.off(),
				target: new LambdaInvoke(trigger, {
					role: this.role.withoutPolicyUpdates(),
					deadLetterQueue: undelivered,
					// A backup some hours late is a backup; past that the next firing is near.
					maxEventAge: Duration.hours(6),
					retryAttempts: 185,
					// Both keep their value over all attempts of a firing: together they name the run.
					input: ScheduleTargetInput.fromObject({
						request: readSnapshotRequest(request),
						schedule: ContextAttribute.scheduleArn,
						scheduledTime: ContextAttribute.scheduledTime,
					}),
				}),
			});
			schedule.node.addDependency(this.role);
		}
	}
}

/** What decides how often a schedule's snapshots are expected. */
export const timingOf = ({ expression, timeZone = UTC, expectedEvery }: ScheduleProps): Timing => ({
	expression,
	timeZone,
	expectedEveryMinutes: expectedEvery?.toMinutes(),
});

function check(schedules: readonly ScheduleProps[]): void {
	const names = schedules.map(({ name }) => name.toLowerCase());
	const faults = schedules.flatMap((schedule, index): InputFault[] => {
		const { name, expression, timeZone = UTC } = schedule;
		const fault = (wrong: boolean, field: string, detail: string) =>
			wrong ? [{ pointer: `/${name}${field}`, detail }] : [];
		const expressionIs = expressionFault(expression);
		return [
			...fault(names.indexOf(name.toLowerCase()) < index, "", "must not occur twice, in whatever case"),
			...fault(expressionIs !== undefined, "/expression", expressionIs ?? ""),
			...fault(!isTimeZone(timeZone), "/timeZone", "must be an IANA time zone"),
			...expectedIntervalFaults(timingOf(schedule)).flatMap(({ field, detail }) => fault(true, `/${field}`, detail)),
		];
	});
	if (faults.length > 0) throw new InputError("CONFIG_INVALID", "schedules", faults);
}

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
