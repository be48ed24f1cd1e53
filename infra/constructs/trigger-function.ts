import { Duration } from "aws-cdk-lib";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import type { TriggerEnvironment } from "../../lambda/handlers/config.ts";
import { acknowledge } from "./naming.ts";
import { allowReading } from "./secrets.ts";
import { allow, type FunctionSettings, logicalIdOf, ServiceFunction } from "./service-function.ts";
import type { SnapshotFunction } from "./snapshot-function.ts";

export interface TriggerFunctionProps extends FunctionSettings {
	readonly code: string;
	readonly snapshot: SnapshotFunction;
	/** JSON. */
	readonly defaultRequest?: string;
	/** JSON. */
	readonly limits?: string;
	readonly webhookSecret?: ISecret;
}

/**
 * Accepts events and HTTP requests, and starts runs. It is reachable from the internet, so it may start and read runs
 * and nothing else: it cannot read the Atlas secret.
 */
export class TriggerFunction extends ServiceFunction {
	constructor(scope: Construct, id: string, props: TriggerFunctionProps) {
		const { snapshot, webhookSecret, defaultRequest, limits } = props;
		const environment: TriggerEnvironment = {
			SNAPSHOT_FUNCTION_ARN: snapshot.alias.functionArn,
			DEFAULT_REQUEST: defaultRequest,
			REQUEST_LIMITS: limits,
			WEBHOOK_SECRET_ID: webhookSecret?.secretArn,
		};
		super(scope, id, {
			...props,
			environment,
			description: "Takes events and requests, names the run of each and starts it",
			// A request may ask to wait 20 seconds; API Gateway gives up after 30.
			timeout: Duration.seconds(29),
			// The scheduler and event rules invoke it asynchronously. Repeating is safe: the same event names the same run.
			retryAttempts: 2,
		});
		const { functionArn } = snapshot.function;
		const executions = `${functionArn}:*/durable-execution/*`;
		this.role.addToPolicy(allow(["lambda:InvokeFunction"], [snapshot.alias.functionArn]));
		this.role.addToPolicy(allow(["lambda:ListDurableExecutionsByFunction"], [functionArn]));
		this.role.addToPolicy(allow(["lambda:GetDurableExecution", "lambda:GetDurableExecutionHistory"], [executions]));
		if (webhookSecret) allowReading(this.role, webhookSecret);
		acknowledge(
			this.role,
			`IAM5[Resource::<${logicalIdOf(snapshot)}.Arn>:*/durable-execution/*]`,
			"executions are named when they start, by this function",
		);
	}
}
