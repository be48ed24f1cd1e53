import { Duration } from "aws-cdk-lib";
import {
	type Alarm,
	AlarmStatusWidget,
	Color,
	Dashboard,
	GraphWidget,
	type IMetric,
	type IWidget,
	MathExpression,
	Metric,
	SingleValueWidget,
	Stats,
	TextWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import {
	AGE_METRIC,
	DURATION_METRIC,
	RATE_LEFT_METRIC,
	SIZE_METRIC,
	STATE_METRIC,
	THROTTLED_METRIC,
} from "../lambda/domain/metrics.ts";
import type { State } from "../lambda/domain/outcome.ts";
import { ofRuns } from "./alarms.ts";
import { everyCluster, serviceMetric } from "./metrics.ts";
import type { ScheduledTarget } from "./scheduled-targets.ts";
import type { SnapshotFunction } from "./snapshot-function.ts";

const DAY = Duration.days(1);

const COLORS: Readonly<Record<State, string>> = {
	STARTED: Color.GREY,
	COMPLETED: Color.GREEN,
	SKIPPED: Color.BLUE,
	LATE: Color.ORANGE,
	FAILED: Color.RED,
	REFUSED: Color.PURPLE,
	LOST: Color.BROWN,
};

export interface SnapshotDashboardProps {
	readonly snapshot: SnapshotFunction;
	readonly alarms: readonly Alarm[];
	readonly targets: readonly ScheduledTarget[];
	/** Whether there are scheduled clusters beside the targets. */
	readonly hasSelections: boolean;
}

/** From top to bottom: is something wrong, is every cluster safe, how did it go, is there room left. */
export class SnapshotDashboard extends Construct {
	readonly dashboard: Dashboard;

	constructor(scope: Construct, id: string, { snapshot, alarms, targets, hasSelections }: SnapshotDashboardProps) {
		super(scope, id);
		this.dashboard = new Dashboard(this, "Dashboard", { defaultInterval: Duration.days(14) });
		this.dashboard.addWidgets(new AlarmStatusWidget({ title: "Alarms", alarms: [...alarms], width: 24, height: 4 }));
		this.dashboard.addWidgets(...lastSuccess(targets, hasSelections));
		this.dashboard.addWidgets(
			graph("Targets by day", [...stateTotals()], { stacked: true, period: DAY }),
			graph("How long snapshots took, seconds", [each(DURATION_METRIC, "Maximum", Duration.hours(1))]),
			graph("How large they are, bytes", [each(SIZE_METRIC, "Maximum", DAY)]),
		);
		this.dashboard.addWidgets(
			graph("Runs", [
				runsInFlight(),
				ofRuns(snapshot, "DurableExecutionStarted"),
				ofRuns(snapshot, "DurableExecutionSucceeded"),
				ofRuns(snapshot, "DurableExecutionFailed"),
			]),
			graph("Calls that Atlas leaves us, and calls it refused", [
				serviceMetric(RATE_LEFT_METRIC, undefined, { statistic: Stats.MINIMUM, label: "left in the budget" }),
				serviceMetric(THROTTLED_METRIC, undefined, { label: "refused (429)" }),
			]),
			graph("Operations of the largest run, of 3,000", [ofRuns(snapshot, "DurableExecutionOperations", Stats.MAXIMUM)]),
		);
	}
}

/**
 * A number for each cluster that a schedule names; with selections, whose clusters nobody knows yet, lines in its place.
 * Beside it a line for every cluster that anyone asked for.
 */
function lastSuccess(targets: readonly ScheduledTarget[], hasSelections: boolean): IWidget[] {
	const ages = targets.map((target) =>
		serviceMetric(AGE_METRIC, target, {
			statistic: Stats.MAXIMUM,
			label: target.clusterName,
			period: Duration.hours(1),
		}),
	);
	const title = "Age of the newest snapshot, seconds";
	const newest = () => {
		if (hasSelections) return graph(title, [each(AGE_METRIC, "Maximum", Duration.hours(1))], { width: 12 });
		if (ages.length > 0) return new SingleValueWidget({ title, metrics: ages, width: 12, height: 6 });
		return new TextWidget({ markdown: "There is no schedule, so no age is watched.", width: 12, height: 6 });
	};
	return [
		newest(),
		graph("Completed by day, each cluster", [each(STATE_METRIC.COMPLETED, "Sum", DAY)], { width: 12, period: DAY }),
	];
}

/** The sum over all clusters of each state. */
function* stateTotals(): Generator<IMetric> {
	for (const [state, color] of Object.entries(COLORS)) {
		const name = STATE_METRIC[state as State];
		yield new MathExpression({
			expression: `SUM(${everyCluster(name, "Sum", DAY.toSeconds())})`,
			usingMetrics: {},
			label: state,
			color,
			period: DAY,
		});
	}
}

const each = (name: string, statistic: string, period: Duration): IMetric =>
	new MathExpression({
		expression: everyCluster(name, statistic, period.toSeconds()),
		usingMetrics: {},
		label: "",
		period,
	});

/** AWS counts them for the account, not for a function. */
const runsInFlight = (): Metric =>
	new Metric({
		namespace: "AWS/Lambda",
		metricName: "ApproximateRunningDurableExecutions",
		statistic: Stats.MAXIMUM,
		label: "in flight, whole account",
	});

const graph = (
	title: string,
	left: IMetric[],
	{ width = 8, ...options }: { readonly width?: number; readonly stacked?: boolean; readonly period?: Duration } = {},
): GraphWidget => new GraphWidget({ title, left, width, height: 6, leftYAxis: { min: 0 }, ...options });
