import { Template } from "aws-cdk-lib/assertions";
import { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import { beforeAll, describe, expect, test } from "vitest";
import { tooLarge, tooManyResources } from "../../infra/template-limits.ts";
import { STATE_METRIC } from "../../lambda/domain/metrics.ts";
import { cloudWatchFaults, dashboardFaults } from "./rules/cloudwatch.ts";
import { mathFaults, searchFault } from "./rules/metric-math.ts";
import { queryFault } from "./rules/metrics-insights.ts";
import { type Template as Resolved, resolve } from "./rules/resolve.ts";
import { schemaFaults } from "./rules/resource-schemas.ts";
import { nightly, PROJECT, stackOf } from "./synthesize.ts";
import { VARIANTS } from "./variants.ts";

const resolved = (context: object): Resolved => {
	const stack = stackOf(context);
	return resolve(Template.fromStack(stack).toJSON(), stack.stackName);
};

describe.each(Object.entries(VARIANTS))("AWS accepts the stack %s", (_name, context) => {
	let template: Resolved;
	beforeAll(() => {
		template = resolved(context);
	});

	test("by its resource schemas", () => {
		expect(schemaFaults(template)).toEqual([]);
	});

	test("by CloudWatch's languages and quotas", () => {
		expect(cloudWatchFaults(template)).toEqual([]);
	});

	test("by CloudFormation's quotas", () => {
		expect(Object.keys(template.Resources).length).toBeLessThanOrEqual(500);
		expect(JSON.stringify(template).length).toBeLessThan(1_000_000);
	});
});

describe("what CloudFormation, Lambda or the scheduler would refuse for its size is reported in a sentence:", () => {
	const names = (count: number) => Array.from({ length: count }, (_, index) => `${"n".repeat(40)}-${index}`);
	const of = (clusters: readonly string[]) => ({ projectId: PROJECT, clusters });
	const sentences = (context: object) => {
		const stack = stackOf(context);
		const tooMany = tooManyResources(stack);
		return tooMany === undefined ? tooLarge(Template.fromStack(stack).toJSON()) : [tooMany];
	};

	test("600 schedules, or 300 event rules", () => {
		const schedules = Array.from({ length: 600 }, (_, index) => ({ ...nightly, name: `s${index}` }));
		const eventRules = Array.from({ length: 300 }, (_, index) => ({ name: `r${index}`, pattern: { source: ["a"] } }));

		expect(sentences({ schedules })).toEqual([
			expect.stringMatching(/^schedules, eventRules, .* 500; name more clusters/),
		]);
		expect(sentences({ eventRules })).toEqual([
			expect.stringMatching(/^schedules, eventRules, .* 500; name more clusters/),
		]);
	});

	test("a default request that no environment holds", () => {
		expect(sentences({ defaultRequest: of(names(100)) })).toEqual([expect.stringMatching(/^defaultRequest, limits: /)]);
		expect(sentences({ defaultRequest: of(names(20)) })).toEqual([]);
	});

	test("a fleet that no schedule's input holds", () => {
		const schedules = Array.from({ length: 6 }, (_, index) => ({
			...nightly,
			name: `s${index}`,
			request: of(names(1000).map((name) => `s${index}-${name}`)),
		}));

		expect(sentences({ schedules }).join()).toContain("schedules: what they cover must fit into one schedule's input");
	});
});

test("every metric… helper of the construct may stand in an alarm", () => {
	const stack = stackOf({});
	const { snapshots } = stack;
	const helpers = {
		COMPLETED: snapshots.metricCompleted({ label: "done" }),
		STARTED: snapshots.metricStarted(),
		LATE: snapshots.metricLate(),
		FAILED: snapshots.metricFailed(),
		SKIPPED: snapshots.metricSkipped(),
		REFUSED: snapshots.metricRefused(),
		LOST: snapshots.metricLost(),
	};
	for (const [state, metric] of Object.entries(helpers)) {
		new Alarm(stack, `On${state}`, { metric, threshold: 1, evaluationPeriods: 1 });
	}
	const template = resolve(Template.fromStack(stack).toJSON(), stack.stackName);

	expect(Object.keys(helpers)).toEqual(expect.arrayContaining(Object.keys(STATE_METRIC)));
	expect([...schemaFaults(template), ...cloudWatchFaults(template)]).toEqual([]);
});

describe("what AWS refuses is found:", () => {
	test.each([
		['SELECT SUM(SnapshotsLate) FROM SCHEMA("AtlasSnapshots", cluster, project)', "cluster is a reserved word"],
		["SELECT SUM(Backup) FROM AtlasSnapshots", "Backup is a reserved word"],
		["SELECT P99(Age) FROM AtlasSnapshots", "a function is missing"],
		["SELECT MAX(Age) FROM AWS/Lambda", "cannot be read"],
		['SELECT MAX(Age) FROM "AWS/Lambda" WHERE FunctionName = "a"', "single quotes"],
		["SELECT MAX(Age) FROM \"AWS/Lambda\" WHERE FunctionName LIKE 'a'", "= or != is missing"],
		['SELECT MAX(Age) FROM "AWS/Lambda" GROUP FunctionName', "BY is missing"],
		['SELECT MAX(Age) FROM "AWS/Lambda" LIMIT 501', "LIMIT"],
		['SELECT MAX(Age) FROM "AWS/Lambda" LIMIT 5 GROUP BY FunctionName', "GROUP is not expected"],
		["SELECT MAX(Age)", "FROM is missing"],
		["SELECT MAX(2nd) FROM a", "begins with a digit"],
	])("the query %s", (query, fault) => {
		expect(queryFault(query)).toContain(fault);
	});

	// From the user guide's page of sample queries.
	test.each([
		['SELECT AVG(CPUUtilization) FROM "AWS/EC2"'],
		[
			"SELECT COUNT(RequestCount) FROM SCHEMA(\"AWS/ApplicationELB\", LoadBalancer, AvailabilityZone) WHERE LoadBalancer = 'app/load-balancer-1'",
		],
		['SELECT MAX(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId ORDER BY MAX() DESC LIMIT 10'],
		[
			'select sum(Invocations) from schema("AWS/Lambda", FunctionName) group by FunctionName order by sum() asc limit 100',
		],
		["SELECT AVG(ConsumedReadCapacityUnits) FROM \"AWS/DynamoDB\" WHERE \"my.key\" != 'it''s' AND TableName = 'a'"],
	])("and the query %s is accepted", (query) => {
		expect(queryFault(query)).toBeUndefined();
	});

	test.each([
		["FILL(a, 0) + FILL(nobody, 0)", "nobody is no metric here"],
		["PLUS(a, 1)", "PLUS is no function"],
		["SUM(SEARCH('{AtlasSnapshots,cluster} MetricName=\"Age\"', 'Sum', 300))", "SEARCH may not stand in an alarm"],
		["(a + 1", "brackets"],
		["a + 1)", "brackets"],
		["a 1", "an operator is missing"],
		["a + * 1", "an operand is missing"],
		["", "an operand is missing"],
		["a; 1", "a sign that is none"],
	])("the expression %j in an alarm", (expression, fault) => {
		expect(mathFaults(expression, new Set(["a"]), true).join()).toContain(fault);
	});

	test("but not what alarms and graphs may hold", () => {
		const ids = new Set(["a", "b1"]);

		expect(mathFaults("IF(FILL(a, 0) > 0 AND b1 < -1, 100 * a / (a + b1), 0)", ids, true)).toEqual([]);
		expect(mathFaults("SUM(SEARCH('{AtlasSnapshots,stack} MetricName=\"Age\"', 'Sum', 300))", ids, false)).toEqual([]);
		expect(searchFault("AtlasSnapshots MetricName")).toContain("begins with");
		expect(searchFault("{AtlasSnapshots, my key} x")).toContain("quotes");
	});

	test("dashboards past CloudWatch's quotas", () => {
		const alarms = (count: number) => ({ type: "alarm", properties: { alarms: Array(count).fill("arn") } });
		const graph = (count: number) => ({ type: "metric", properties: { metrics: Array(count).fill(["a", "b"]) } });

		expect(dashboardFaults({ widgets: [alarms(101)] })).toEqual(["widget 0 (alarm): 101 alarms"]);
		expect(dashboardFaults({ widgets: [alarms(0)] })).toEqual(["widget 0 (alarm): 0 alarms"]);
		expect(dashboardFaults({ widgets: [graph(501)] })).toEqual(["widget 0 (metric): 501 metrics"]);
		expect(dashboardFaults({ widgets: Array(6).fill(graph(500)) })).toEqual(["3000 metrics in a dashboard"]);
		expect(dashboardFaults({ widgets: [alarms(100), graph(500)] })).toEqual([]);
	});

	test.each([
		["AWS::Lambda::Function", { MemorySize: "512 MB" }, "/MemorySize"],
		["AWS::Lambda::Function", { Timeout: 0 }, "/Timeout"],
		["AWS::Lambda::Function", { Memory: 512 }, "/Memory is not known"],
		["AWS::Lambda::Function", { Role: undefined }, "/Role is missing"],
		["AWS::Lambda::Function", { Role: "snapshot" }, "/Role must match pattern"],
		["AWS::Scheduler::Schedule", { FlexibleTimeWindow: { Mode: "SOMETIMES" } }, "/FlexibleTimeWindow/Mode"],
		["AWS::CloudWatch::Alarm", { Metrics: [{ Id: "Upper" }] }, "/Metrics/0/Id must match pattern"],
		["AWS::CloudWatch::Alarm", { AlarmDescription: "x".repeat(1025) }, "/AlarmDescription"],
		["AWS::Logs::LogGroup", { RetentionInDays: 31 }, "/RetentionInDays"],
		["AWS::SQS::Queue", { MessageRetentionPeriod: 59, Arn: "arn" }, "/Arn is read-only"],
		["AWS::SecretsManager::Secret", { Tags: [{ Key: "a" }] }, "/Tags/0 must have required property"],
	])("a %s with %j", (type, change, fault) => {
		const { Resources } = resolved({ schedules: [nightly] });
		const [id = "", resource] = Object.entries(Resources).find(([, { Type }]) => Type === type) ?? [];
		const Properties = JSON.parse(JSON.stringify({ ...resource?.Properties, ...change }));

		expect(schemaFaults({ Resources: { [id]: { Type: type, Properties } } }).join()).toContain(fault);
	});
});
