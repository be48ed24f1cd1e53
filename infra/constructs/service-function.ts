import { type CfnElement, Duration, type RemovalPolicy, Stack } from "aws-cdk-lib";
import type { ISecurityGroup, IVpc } from "aws-cdk-lib/aws-ec2";
import { Effect, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
	Architecture,
	Code,
	type DurableConfig,
	Function as LambdaFunction,
	LoggingFormat,
	Runtime,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { FreshnessEnvironment, SnapshotEnvironment, TriggerEnvironment } from "../../lambda/handlers/config.ts";
import { deadLetterQueue } from "./alarm-topic.ts";
import { allowNetworkInterfaces } from "./egress-vpc.ts";
import { KEPT } from "./props.ts";

/** Settings of every function. */
export interface FunctionSettings {
	/** Megabytes. */
	readonly memory: number;
	readonly logRetention: RetentionDays;
	readonly removalPolicy: RemovalPolicy;
}

export interface Network {
	readonly vpc: IVpc;
	readonly securityGroup: ISecurityGroup;
}

export interface ServiceFunctionProps extends FunctionSettings {
	readonly description: string;
	/** Folder with `index.mjs`. */
	readonly code: string;
	readonly environment: FreshnessEnvironment | SnapshotEnvironment | TriggerEnvironment;
	/** Of one invocation; a durable run has many. */
	readonly timeout: Duration;
	/** Retries of an asynchronous invocation that failed, 0 to 2; then its event goes to the dead-letter queue. */
	readonly retryAttempts?: number;
	/** How long a failed event is kept. @default 14 days */
	readonly deadLettersFor?: Duration;
	readonly durableConfig?: DurableConfig;
	readonly reservedConcurrency?: number;
	readonly network?: Network;
}

/** A function with a role, a log group and a dead-letter queue of its own. */
export class ServiceFunction extends Construct {
	readonly function: LambdaFunction;
	readonly role: Role;
	readonly logGroup: LogGroup;
	/** Events of asynchronous invocations that failed. */
	readonly deadLetters: Queue;

	constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
		super(scope, id);
		const { network, retryAttempts, durableConfig, reservedConcurrency } = props;
		this.logGroup = new LogGroup(this, "Logs", { retention: props.logRetention, removalPolicy: props.removalPolicy });
		this.deadLetters = deadLetterQueue(this, "DeadLetters", props.removalPolicy, props.deadLettersFor);
		this.role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
		this.logGroup.grantWrite(this.role);
		if (network) allowNetworkInterfaces(this.role);
		this.function = new LambdaFunction(this, "Function", {
			description: props.description,
			runtime: Runtime.NODEJS_24_X,
			architecture: Architecture.ARM_64,
			code: Code.fromAsset(props.code),
			handler: "index.handler",
			role: this.role,
			environment: toVariables({ ...props.environment, STACK_NAME: Stack.of(this).stackName }),
			timeout: props.timeout,
			memorySize: props.memory,
			loggingFormat: LoggingFormat.JSON,
			logGroup: this.logGroup,
			deadLetterQueue: this.deadLetters,
			// A run continues in the version it began in, days after the next deploy, so versions are kept; but not one that
			// a rolled-back update published: Lambda publishes no version that is identical to the last, so the next deploy
			// would fail with "A version for this Lambda function exists". @see Lambda API reference, PublishVersion
			currentVersionOptions: { removalPolicy: KEPT },
			retryAttempts,
			maxEventAge: retryAttempts === undefined ? undefined : Duration.hours(6),
			durableConfig,
			reservedConcurrentExecutions: reservedConcurrency,
			vpc: network?.vpc,
			securityGroups: network && [network.securityGroup],
		});
	}
}

export const allow = (actions: readonly string[], resources: readonly string[]): PolicyStatement =>
	new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] });

const toVariables = (environment: object): Record<string, string> =>
	Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** Of the function's resource, as cdk-nag names it in its findings. */
export const logicalIdOf = ({ function: { node, stack } }: ServiceFunction): string =>
	stack.getLogicalId(node.defaultChild as CfnElement);
