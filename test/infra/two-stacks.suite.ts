import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { readSettings } from "../../infra/settings/settings.ts";
import { AtlasSnapshotsStack } from "../../infra/stack.ts";
import { type Template as Resolved, resolve } from "./rules/resolve.ts";
import { bundles, nightly, stackOf } from "./synthesize.ts";

const context = (stackName: string) => ({
	stackName,
	schedules: [nightly, { ...nightly, name: "all", request: { clusters: "all" } }],
	eventRules: [{ name: "release", pattern: { source: ["acme"] } }],
	http: { signedHook: true },
});

const together = () => {
	const app = new App({ analyticsReporting: false });
	return ["production", "staging"].map(
		(name) => new AtlasSnapshotsStack(app, name, bundles, readSettings(context(name))),
	);
};
const apart = () => ["production", "staging"].map((name) => stackOf(context(name)));
const long = () => ["a", "b"].map((end) => stackOf(context(`${"s".repeat(127)}${end}`)));

const resolvedOf = (stacks: readonly AtlasSnapshotsStack[]): Resolved[] =>
	stacks.map((stack) => resolve(Template.fromStack(stack).toJSON(), stack.stackName));

/** Properties that hold a physical name of the resource itself. */
const NAMES =
	/^(?:Name|.*(?:Function|Role|Policy|Topic|Queue|Alarm|Rule|Dashboard|Bus|LogGroup|Group|Secret|Api|Policy)Name)$/;
/** Of these, names that are unique within another resource only. */
const WITHIN = ["AWS::IAM::Policy PolicyName", "AWS::Lambda::Alias Name", "AWS::ApiGatewayV2::Api Name"];

const namesOf = ({ Resources }: Resolved): string[] =>
	Object.values(Resources).flatMap(({ Type, Properties }) =>
		Object.entries(Properties)
			.filter(([key, value]) => NAMES.test(key) && typeof value === "string" && !WITHIN.includes(`${Type} ${key}`))
			// A reference to another resource's name is that one's business.
			.filter(([key]) => !["FunctionName", "GroupName", "EventBusName"].includes(key))
			.map(([key, value]) => `${Type} ${key} ${String(value)}`),
	);

test.each([
	["in one app", together],
	["in an app each", apart],
	["with long names that end differently", long],
])("two stacks %s share no physical name, the bus included", (_how, make) => {
	const [one = [], other = []] = resolvedOf(make()).map(namesOf);

	expect(one.filter((name) => name.startsWith("AWS::Events::EventBus"))).toHaveLength(1);
	expect(one.filter((name) => name.startsWith("AWS::Scheduler::ScheduleGroup"))).toHaveLength(1);
	expect(one.filter((name) => name.startsWith("AWS::Logs::LogGroup"))).toHaveLength(1);
	expect(one.filter((name) => other.includes(name))).toEqual([]);
});

test("two stacks share no metric that an alarm or a graph reads, but AWS's of the account", () => {
	const [one = [], other = []] = resolvedOf(apart()).map(metricsOf);

	expect(one.filter((metric) => metric.includes("AtlasSnapshots")).length).toBeGreaterThan(10);
	const shared = one.filter((metric) => other.includes(metric));
	expect(shared.filter((metric) => !/^\["AWS\/Lambda","Approximate\w+"\]$/.test(metric))).toEqual([]);
});

test("the functions know the stack's name, so that they publish the metrics that the alarms read", () => {
	const [template] = resolvedOf(apart());
	const functions = Object.values(template?.Resources ?? {}).filter(({ Type }) => Type === "AWS::Lambda::Function");

	expect(functions.map(({ Properties }) => Properties.Environment.Variables.STACK_NAME)).toEqual(
		Array(3).fill("production"),
	);
});

/** Namespace, name and dimensions of whatever alarms and graphs read. */
function metricsOf({ Resources }: Resolved): string[] {
	const metrics = Object.values(Resources).flatMap(({ Type, Properties }) => {
		if (Type === "AWS::CloudWatch::Alarm") {
			const parts = [Properties, ...(Properties.Metrics ?? []).map((query: Parts) => query.MetricStat?.Metric ?? {})];
			return parts
				.filter(({ MetricName }) => MetricName !== undefined)
				.map(({ Namespace, MetricName, Dimensions = [] }) => [
					Namespace,
					MetricName,
					...Dimensions.flatMap(({ Name, Value }: Parts) => [Name, Value]),
				]);
		}
		if (Type !== "AWS::CloudWatch::Dashboard") return [];
		const { widgets }: { widgets: Parts[] } = JSON.parse(Properties.DashboardBody);
		return widgets.flatMap(({ properties }) =>
			(properties.metrics ?? []).map((row: unknown[]) => row.filter((part) => typeof part === "string")),
		);
	});
	return [...new Set(metrics.map((metric) => JSON.stringify(metric)))];
}

// biome-ignore lint/suspicious/noExplicitAny: parts of a template, whose schemas are checked elsewhere
type Parts = any;
