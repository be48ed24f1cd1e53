import { Duration } from "aws-cdk-lib";
import {
	type Alarm,
	AlarmStatusWidget,
	Color,
	Dashboard,
	GraphWidget,
	type IMetric,
	type IWidget,
	LogQueryVisualizationType,
	LogQueryWidget,
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
} from "../../lambda/domain/metrics.ts";
import type { State } from "../../lambda/domain/outcome.ts";
import { accountMetric, runMetric } from "./alarms.ts";
import type { SavedQuery } from "./queries.ts";
import type { ScheduledTarget } from "./scheduled-targets.ts";
import { serviceMetric } from "./service-alarm.ts";
import type { SnapshotFunction } from "./snapshot-function.ts";

const DAY = Duration.days(1);

/** What CloudWatch shows in one widget. @see CloudWatch user guide, "CloudWatch service quotas"; PutDashboard, alarm widget */
const ALARMS_IN_A_WIDGET = 100;

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
	/** Clusters whose age is a metric of its own. */
	readonly measured: readonly ScheduledTarget[];
	/** Whether a schedule covers clusters beside those. */
	readonly coversMore: boolean;
	/** Tables made from the logs when the dashboard is opened, for any number of clusters. */
	readonly lastSuccess: SavedQuery;
	readonly ages: SavedQuery;
}

/** From top to bottom: alarms, ages of snapshots, results, capacity. */
export class SnapshotDashboard extends Construct {
	readonly dashboard: Dashboard;

	constructor(scope: Construct, id: string, props: SnapshotDashboardProps) {
		super(scope, id);
		const { snapshot, lastSuccess } = props;
		this.dashboard = new Dashboard(this, "Dashboard", { defaultInterval: Duration.days(14) });
		this.dashboard.addWidgets(...alarmStates(props.alarms));
		this.dashboard.addWidgets(
			this.ages(props),
			table("When each cluster last completed, and how long it took and was expected to take", lastSuccess),
		);
		const metric = (name: string, statistic: string, label?: string) =>
			serviceMetric(this, name, { statistic, label, period: DAY });
		const states = Object.entries(COLORS).map(([state, color]) =>
			serviceMetric(this, STATE_METRIC[state as State], { label: state, color, period: DAY }),
		);
		this.dashboard.addWidgets(
			graph("Targets by day", states, { stacked: true, period: DAY }),
			graph("How long snapshots took, seconds", [
				metric(DURATION_METRIC, Stats.AVERAGE, "average"),
				metric(DURATION_METRIC, Stats.MAXIMUM, "longest"),
			]),
			graph("How large they are, bytes", [
				metric(SIZE_METRIC, Stats.AVERAGE, "average"),
				metric(SIZE_METRIC, Stats.MAXIMUM, "largest"),
			]),
		);
		this.dashboard.addWidgets(
			graph("Runs", [
				accountMetric("ApproximateRunningDurableExecutions", { label: "in flight, whole account" }),
				runMetric(snapshot, "DurableExecutionStarted"),
				runMetric(snapshot, "DurableExecutionSucceeded"),
				runMetric(snapshot, "DurableExecutionFailed"),
			]),
			graph("Calls that Atlas leaves us, and calls it refused", [
				serviceMetric(this, RATE_LEFT_METRIC, { statistic: Stats.MINIMUM, label: "left in the budget" }),
				serviceMetric(this, THROTTLED_METRIC, { label: "refused (429)" }),
			]),
			graph("Operations of the largest run, of 3,000", [
				runMetric(snapshot, "DurableExecutionOperations", Stats.MAXIMUM),
			]),
		);
	}

	/** A number for each cluster that has a metric; a table where some have none. */
	private ages({ measured, coversMore, ages }: SnapshotDashboardProps): IWidget {
		const title = "Age of the newest snapshot, seconds";
		if (coversMore) return table(title, ages);
		if (measured.length === 0) {
			return new TextWidget({ markdown: "There is no schedule, so no age is watched.", width: 12, height: 6 });
		}
		const metrics = measured.map((target) =>
			serviceMetric(
				this,
				AGE_METRIC,
				{ statistic: Stats.MAXIMUM, label: target.clusterName, period: Duration.hours(1) },
				target,
			),
		);
		return new SingleValueWidget({ title, metrics, width: 12, height: 6 });
	}
}

function alarmStates(alarms: readonly Alarm[]): IWidget[] {
	const parts = Array.from({ length: Math.ceil(alarms.length / ALARMS_IN_A_WIDGET) }, (_, part) =>
		alarms.slice(part * ALARMS_IN_A_WIDGET, (part + 1) * ALARMS_IN_A_WIDGET),
	);
	return parts.map((part) => new AlarmStatusWidget({ title: "Alarms", alarms: part, width: 24, height: 4 }));
}

const table = (title: string, { logGroups, query }: SavedQuery): LogQueryWidget =>
	new LogQueryWidget({
		title,
		logGroupNames: logGroups.map(({ logGroupName }) => logGroupName),
		queryString: query.toString(),
		view: LogQueryVisualizationType.TABLE,
		width: 12,
		height: 6,
	});

const graph = (
	title: string,
	left: IMetric[],
	{ width = 8, ...options }: { readonly width?: number; readonly stacked?: boolean; readonly period?: Duration } = {},
): GraphWidget => new GraphWidget({ title, left, width, height: 6, leftYAxis: { min: 0 }, ...options });
