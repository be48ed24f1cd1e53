import { mathFaults } from "./metric-math.ts";
import { isQuery, queryFault } from "./metrics-insights.ts";
import type { Template } from "./resolve.ts";

/** @see CloudWatch user guide, "CloudWatch service quotas"; CloudWatch API reference, PutDashboard and PutMetricAlarm */
const ALARMS_IN_A_WIDGET = 100;
const METRICS_IN_A_GRAPH = 500;
const METRICS_IN_A_DASHBOARD = 2500;
const WIDGETS = 500;
const LOG_GROUPS_IN_A_QUERY = 50;
/** Seconds that an alarm may cover: a day, or seven where its period is an hour or more. */
const LONGEST_ALARM = { short: 86_400, long: 7 * 86_400 };

type Json = Readonly<Record<string, unknown>>;

/** What CloudWatch would refuse of a resolved template's alarms and dashboards, a line each. */
export function cloudWatchFaults({ Resources }: Template): string[] {
	return Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
		const faults =
			Type === "AWS::CloudWatch::Alarm"
				? alarmFaults(Properties)
				: Type === "AWS::CloudWatch::Dashboard"
					? dashboardFaults(JSON.parse(Properties.DashboardBody))
					: [];
		return faults.map((fault) => `${id}: ${fault}`);
	});
}

function alarmFaults(alarm: Json): string[] {
	const queries = (alarm["Metrics"] ?? []) as readonly Json[];
	const ids = new Set(queries.map(({ Id }) => String(Id)));
	const periods = [alarm, ...queries, ...queries.map(({ MetricStat }) => (MetricStat ?? {}) as Json)].flatMap(
		({ Period }) => (typeof Period === "number" ? [Period] : []),
	);
	const longest = Math.max(...periods, 0);
	const reach = longest * Number(alarm["EvaluationPeriods"]);
	return [
		...queries.flatMap(({ Expression }) =>
			typeof Expression === "string" ? expressionFaults(Expression, ids, true) : [],
		),
		...(queries.length > 0 && queries.filter(({ ReturnData }) => ReturnData !== false).length !== 1
			? ["exactly one metric must return data"]
			: []),
		...periods.filter((period) => !isPeriod(period)).map((period) => `${period} seconds are no period`),
		...(reach > (longest >= 3600 ? LONGEST_ALARM.long : LONGEST_ALARM.short) ? [`covers ${reach} seconds`] : []),
	];
}

/** @see CloudWatch API reference, PutDashboard, "Dashboard body structure and syntax" */
export function dashboardFaults(body: {
	readonly widgets?: readonly { readonly type: string; readonly properties: Json }[];
}): string[] {
	const { widgets = [] } = body;
	const metricsOf = ({ properties }: { readonly properties: Json }) =>
		(properties["metrics"] ?? []) as readonly unknown[];
	const all = widgets.reduce((sum, widget) => sum + metricsOf(widget).length, 0);
	return [
		...(widgets.length > WIDGETS ? [`${widgets.length} widgets`] : []),
		...(all > METRICS_IN_A_DASHBOARD ? [`${all} metrics in a dashboard`] : []),
		...widgets.flatMap(({ type, properties }, index) =>
			widgetFaults(type, properties, metricsOf({ properties })).map((fault) => `widget ${index} (${type}): ${fault}`),
		),
	];
}

function widgetFaults(type: string, properties: Json, metrics: readonly unknown[]): string[] {
	switch (type) {
		case "alarm": {
			const alarms = (properties["alarms"] ?? []) as readonly unknown[];
			return alarms.length >= 1 && alarms.length <= ALARMS_IN_A_WIDGET ? [] : [`${alarms.length} alarms`];
		}
		case "metric":
			return graphFaults(metrics);
		case "log": {
			const sources =
				String(properties["query"])
					.match(/^SOURCE '[^']+'( \| SOURCE '[^']+')*/)?.[0]
					.match(/SOURCE/g) ?? [];
			return sources.length >= 1 && sources.length <= LOG_GROUPS_IN_A_QUERY ? [] : [`${sources.length} log groups`];
		}
		case "text":
			return typeof properties["markdown"] === "string" ? [] : ["no markdown"];
		default:
			return ["no type of widget"];
	}
}

function graphFaults(metrics: readonly unknown[]): string[] {
	const rows = metrics.map((row) => (Array.isArray(row) ? (row as readonly unknown[]) : []));
	const options = rows.map((row) => (typeof row.at(-1) === "object" ? (row.at(-1) as Json) : {}));
	const ids = new Set(options.map(({ id }) => String(id)));
	return [
		...(rows.length >= 1 && rows.length <= METRICS_IN_A_GRAPH ? [] : [`${rows.length} metrics`]),
		...options.flatMap(({ expression }) =>
			typeof expression === "string" ? expressionFaults(expression, ids, false) : [],
		),
		...rows.flatMap((row, index) => {
			const names = row.filter((part) => typeof part === "string");
			const isMath = options[index]?.["expression"] !== undefined;
			return isMath || (names.length >= 2 && names.length % 2 === 0) ? [] : [`${names.join(" ")} is no metric`];
		}),
	];
}

function expressionFaults(expression: string, ids: ReadonlySet<string>, isInAlarm: boolean): string[] {
	if (!isQuery(expression)) return mathFaults(expression, ids, isInAlarm).map((fault) => `${expression}: ${fault}`);
	const fault = queryFault(expression);
	return fault === undefined ? [] : [`${expression}: ${fault}`];
}

/** @see CloudWatch API reference, PutMetricAlarm, Period */
const isPeriod = (seconds: number): boolean => [10, 20, 30].includes(seconds) || (seconds > 0 && seconds % 60 === 0);
