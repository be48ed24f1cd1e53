import { Fn, type RemovalPolicy, Stack } from "aws-cdk-lib";
import { AccessLogField, AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import {
	type CfnRoute,
	type CfnStage,
	HttpApi,
	HttpMethod,
	HttpNoneAuthorizer,
	HttpRoute,
	HttpRouteKey,
	HttpStage,
	LogGroupLogDestination,
} from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { ROUTES } from "../../lambda/triggers/http/routes.ts";
import { acknowledge, physicalName } from "./naming.ts";
import type { HttpProps } from "./props.ts";

export interface SnapshotApiProps extends HttpProps {
	readonly trigger: IFunction;
	readonly logRetention: RetentionDays;
	readonly removalPolicy: RemovalPolicy;
}

/** The HTTP API. Requests are signed with SigV4, except those to the hook, whose signature the function checks. */
export class SnapshotApi extends Construct {
	readonly api: HttpApi;
	readonly url: string;
	readonly #routes: readonly HttpRoute[];

	constructor(scope: Construct, id: string, props: SnapshotApiProps) {
		super(scope, id);
		const { throttle = { ratePerSecond: 5, burst: 10 }, accessLog = true } = props;
		this.api = new HttpApi(this, "Api", { description: "Takes Atlas snapshots on request", createDefaultStage: false });
		const stage = new HttpStage(this, "Stage", {
			httpApi: this.api,
			stageName: "$default",
			autoDeploy: true,
			throttle: { rateLimit: throttle.ratePerSecond, burstLimit: throttle.burst },
			accessLogSettings: accessLog ? this.accessLog(props) : undefined,
		});
		if (!accessLog) acknowledge(stage, "APIG1", "turned off by whoever deploys: accessLog is false");
		this.url = stage.url;
		const integration = new HttpLambdaIntegration("Trigger", props.trigger);
		const authorizer = new HttpIamAuthorizer();
		this.#routes = ROUTES.filter(({ auth }) => auth === "iam").flatMap(({ path, methods }) =>
			this.api.addRoutes({ path, methods: methods.map((method) => HttpMethod[method]), integration, authorizer }),
		);
		const none = new HttpNoneAuthorizer();
		const rest = { httpApi: this.api, integration, routeKey: HttpRouteKey.DEFAULT, authorizer: none };
		this.throttle(
			stage,
			throttle,
			new HttpRoute(this, "Rest", rest),
			"the index and unknown paths: nothing is started",
		);
		for (const { path } of props.signedHook ? ROUTES.filter(({ auth }) => auth === "webhook") : []) {
			const [route] = this.api.addRoutes({ path, methods: [HttpMethod.POST], integration, authorizer: none });
			if (route) this.throttle(stage, throttle, route, "the function checks a Standard Webhooks signature");
		}
	}

	/** Lets a principal of the account start runs and read how they go. */
	grantCall(grantee: IGrantable): void {
		for (const route of this.#routes) route.grantInvoke(grantee);
	}

	/** Anyone may call the route, so it has a throttle of its own: unsigned requests do not use up the throttle of signed ones. */
	private throttle(
		stage: HttpStage,
		{ ratePerSecond, burst }: Required<HttpProps>["throttle"],
		route: HttpRoute,
		whyOpen: string,
	): void {
		const settings = stage.node.defaultChild as CfnStage;
		const key = (route.node.defaultChild as CfnRoute).routeKey;
		settings.routeSettings = {
			...settings.routeSettings,
			[key]: {
				ThrottlingRateLimit: Math.max(1, Math.floor(ratePerSecond / 5)),
				ThrottlingBurstLimit: Math.max(1, Math.floor(burst / 2)),
			},
		};
		// API Gateway refuses settings of a route that is not there yet.
		settings.node.addDependency(route);
		acknowledge(route, "APIG4", `callers without an AWS identity; ${whyOpen}`);
	}

	/**
	 * Without headers and bodies, hence without signatures.
	 *
	 * Outside `/aws/vendedlogs/` each API adds a statement to the account's resource policy for logs, whose size is
	 * limited; past it no further stage can be made. The name ends in the stack's id, so that the log of an earlier stack
	 * of this name does not clash.
	 *
	 * @see API Gateway developer guide, "Configure logging for HTTP APIs"; CloudWatch Logs user guide, "Enabling logging
	 * from AWS services", log group resource policy size
	 */
	private accessLog({ logRetention, removalPolicy }: SnapshotApiProps) {
		const unique = Fn.select(2, Fn.split("/", Stack.of(this).stackId));
		const logGroup = new LogGroup(this, "AccessLog", {
			logGroupName: `/aws/vendedlogs/atlas-snapshots/${physicalName(this, 128)}/${unique}`,
			retention: logRetention,
			removalPolicy,
		});
		const format = AccessLogFormat.custom(
			JSON.stringify({
				time: AccessLogField.contextRequestTime(),
				requestId: AccessLogField.contextRequestId(),
				route: AccessLogField.contextRouteKey(),
				path: AccessLogField.contextPath(),
				status: AccessLogField.contextStatus(),
				milliseconds: AccessLogField.contextResponseLatency(),
				caller: AccessLogField.contextIdentityUserArn(),
				address: AccessLogField.contextIdentitySourceIp(),
				integrationError: AccessLogField.contextIntegrationErrorMessage(),
			}),
		);
		return { destination: new LogGroupLogDestination(logGroup), format };
	}
}
