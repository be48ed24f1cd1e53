import { Match, Template } from "aws-cdk-lib/assertions";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { expect, test } from "vitest";
import { permissionsOf } from "./roles.ts";
import { nightly, stackOf, templateOf } from "./synthesize.ts";

const writesLogs = (logs: string) => [`logs:CreateLogStream on ${logs}`, `logs:PutLogEvents on ${logs}`];
const reads = (...arns: string[]) => arns.map((arn) => `secretsmanager:GetSecretValue on ${arn}`);
const rotates = (...arns: string[]) => [
	...arns.map((arn) => `secretsmanager:DescribeSecret on ${arn}`),
	...reads(...arns),
];

const snapshot = [
	"events:PutEvents on PublishingBus",
	"lambda:CheckpointDurableExecution on SnapshotFunction:*/durable-execution/*",
	"lambda:GetDurableExecutionHistory on SnapshotFunction:*/durable-execution/*",
	"lambda:GetDurableExecutionState on SnapshotFunction:*/durable-execution/*",
	"lambda:InvokeFunction on SnapshotFunction:*",
	...writesLogs("SnapshotLogs"),
	...reads("Secret"),
	"sqs:SendMessage on SnapshotDeadLetters",
];
const trigger = [
	"lambda:GetDurableExecution on SnapshotFunction:*/durable-execution/*",
	"lambda:GetDurableExecutionHistory on SnapshotFunction:*/durable-execution/*",
	"lambda:InvokeFunction on SnapshotAlias",
	"lambda:ListDurableExecutionsByFunction on SnapshotFunction",
	...writesLogs("TriggerLogs"),
	"sqs:SendMessage on TriggerDeadLetters",
];
const freshness = [
	...writesLogs("FreshnessLookLogs"),
	...reads("Secret"),
	"sqs:SendMessage on FreshnessLookDeadLetters",
];
const schedules = ["lambda:InvokeFunction on TriggerFunction", "sqs:SendMessage on Undelivered"];
const checks = ["lambda:InvokeFunction on FreshnessLookFunction", "sqs:SendMessage on FreshnessLookDeadLetters"];

const roles = {
	SnapshotRole: snapshot,
	TriggerRole: trigger,
	FreshnessLookRole: freshness,
	SchedulesRole: schedules,
	FreshnessScheduleRole: checks,
};

test("each role may do this and nothing else", () => {
	expect(permissionsOf(templateOf({ schedules: [nightly] }))).toEqual(roles);
});

test("with signed hooks the trigger reads their keys too, and still not Atlas's", () => {
	const permissions = permissionsOf(templateOf({ schedules: [nightly], http: { signedHook: true } }));

	expect(permissions).toEqual({ ...roles, TriggerRole: [...trigger, ...reads("HookKeys")].sort() });
});

test("in a VPC the functions that call Atlas may also attach themselves to it", () => {
	const account = "arn:AWS::Partition:ec2:AWS::Region:AWS::AccountId:*/*";
	const attach = [
		...[
			"AssignPrivateIpAddresses",
			"CreateNetworkInterface",
			"DeleteNetworkInterface",
			"UnassignPrivateIpAddresses",
		].map((action) => `ec2:${action} on ${account}`),
		...["DescribeNetworkInterfaces", "DescribeSubnets"].map((action) => `ec2:${action} on *`),
	];
	const { NetworkVpcrejectedIAMRole: _, ...permissions } = permissionsOf(templateOf({ vpc: {}, schedules: [nightly] }));

	expect(permissions).toEqual({
		...roles,
		SnapshotRole: [...snapshot, ...attach].sort(),
		FreshnessLookRole: [...freshness, ...attach].sort(),
	});
});

test("rotation reads the admin's keys and renews the one secret", () => {
	const adminSecretArn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:admin-AbCdEf";
	const { SecretRotation } = permissionsOf(templateOf({ rotation: { adminSecretArn } }));

	expect(SecretRotation).toEqual(
		[
			...rotates("Secret"),
			"secretsmanager:PutSecretValue on Secret",
			"secretsmanager:UpdateSecretVersionStage on Secret",
			...rotates(adminSecretArn, `${adminSecretArn}-??????`),
		].sort(),
	);
});

test("a caller who is granted the trigger may use the signed routes, not the hook", () => {
	const stack = stackOf({ http: { signedHook: true } });
	stack.snapshots.grantTrigger(
		new Role(stack, "Pipeline", { assumedBy: new ServicePrincipal("codebuild.amazonaws.com") }),
	);
	const { Pipeline = [] } = permissionsOf(Template.fromStack(stack));

	expect(Pipeline.map((line) => line.replace(/^.*HttpApi/, ""))).toEqual(
		[
			"/*/POST/snapshots",
			...["GET", "HEAD"].flatMap((read) => [`/*/${read}/snapshots/*`, `/*/${read}/openapi.json`]),
		].sort(),
	);
});

test("without an API a caller is granted the trigger function itself", () => {
	const stack = stackOf({ http: false });
	stack.snapshots.grantTrigger(
		new Role(stack, "Pipeline", { assumedBy: new ServicePrincipal("codebuild.amazonaws.com") }),
	);

	expect(permissionsOf(Template.fromStack(stack))["Pipeline"]).toEqual([
		"lambda:InvokeFunction on TriggerFunction",
		"lambda:InvokeFunction on TriggerFunction:*",
	]);
});

test("the scheduler acts for this stack's schedules only, and people's alarms reach the topic", () => {
	const template = templateOf({ schedules: [nightly] });

	template.hasResourceProperties("AWS::IAM::Role", {
		AssumeRolePolicyDocument: {
			Statement: [
				{
					Principal: { Service: "scheduler.amazonaws.com" },
					Condition: {
						StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" }, "aws:SourceArn": Match.anyValue() },
					},
				},
			],
		},
	});
	template.hasResourceProperties("AWS::SNS::TopicPolicy", {
		PolicyDocument: {
			Statement: Match.arrayWith([
				Match.objectLike({
					Effect: "Allow",
					Principal: { Service: "cloudwatch.amazonaws.com" },
					Action: "sns:Publish",
				}),
				Match.objectLike({ Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "sns:Publish" }),
			]),
		},
	});
});
