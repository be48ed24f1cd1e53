import { Annotations, Duration } from "aws-cdk-lib";
import type { IEventBus } from "aws-cdk-lib/aws-events";
import { Policy } from "aws-cdk-lib/aws-iam";
import { Alias } from "aws-cdk-lib/aws-lambda";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import type { SnapshotEnvironment } from "../../lambda/handlers/config.ts";
import { acknowledge } from "./naming.ts";
import { allowReading } from "./secrets.ts";
import { allow, type FunctionSettings, logicalIdOf, type Network, ServiceFunction } from "./service-function.ts";

export interface SnapshotFunctionProps extends FunctionSettings {
	readonly code: string;
	readonly environment: SnapshotEnvironment;
	readonly secret: ISecret;
	readonly bus: IEventBus;
	readonly reservedConcurrency?: number;
	readonly network?: Network;
}

/** The durable function: carries out runs. It reads one secret and puts events on one bus. */
export class SnapshotFunction extends ServiceFunction {
	/** Runs start here: a durable execution needs a qualified ARN, and keeps the version it began in. */
	readonly alias: Alias;

	constructor(scope: Construct, id: string, props: SnapshotFunctionProps) {
		super(scope, id, {
			...props,
			description: "Carries out runs: takes Atlas snapshots, follows each to its end, publishes what happened",
			timeout: Duration.minutes(5),
			// A run stops polling after three and a half days at the latest, and tries to publish for three more.
			durableConfig: { executionTimeout: Duration.days(7), retentionPeriod: Duration.days(30) },
		});
		Annotations.of(this.function).acknowledgeInfo(
			"aws-lambda:Function.DurableConfig",
			"it has been durable since it was first created",
		);
		allowReading(this.role, props.secret);
		props.bus.grantPutEventsTo(this.role);
		const runs = this.allowRuns();
		this.alias = new Alias(this, "Alias", {
			aliasName: "live",
			version: this.function.currentVersion,
			// Steps repeat what may be repeated. A second execution of a failed run could not know either whether Atlas took
			// the snapshot, so the event goes to the dead-letter queue and a person decides.
			retryAttempts: 0,
			maxEventAge: Duration.hours(6),
		});
		this.alias.node.addDependency(runs);
	}

	/**
	 * Checkpoints of its own executions, and chained runs of itself. A policy apart, since the function waits for its
	 * role's own policy, which could therefore not name the function.
	 */
	private allowRuns(): Policy {
		const { functionArn } = this.function;
		const policy = new Policy(this, "Runs", {
			statements: [
				allow(
					[
						"lambda:CheckpointDurableExecution",
						"lambda:GetDurableExecutionState",
						// Of a chained run that AWS ended: what it had published.
						"lambda:GetDurableExecutionHistory",
					],
					[`${functionArn}:*/durable-execution/*`],
				),
				allow(["lambda:InvokeFunction"], [`${functionArn}:*`]),
			],
		});
		policy.attachToRole(this.role);
		const arn = `<${logicalIdOf(this)}.Arn>`;
		acknowledge(
			policy,
			`IAM5[Resource::${arn}:*/durable-execution/*]`,
			"executions are named when they start; these are the function's own",
		);
		acknowledge(
			policy,
			`IAM5[Resource::${arn}:*]`,
			"versions are numbered at each deploy; these are the function's own",
		);
		return policy;
	}
}
