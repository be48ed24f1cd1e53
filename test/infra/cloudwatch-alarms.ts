/**
 * Evaluates alarms as CloudWatch's user guide describes it ("Alarm evaluation", "How alarm state is evaluated when data
 * is missing", "Metric math functions"). What the guide leaves open is a parameter: how many periods an alarm reads beyond its own, whether these begin with the clock or end with the minute, and whether FILL fills a metric without any data.
 */
export interface Leeway {
	/** Periods that are read beyond `EvaluationPeriods`. */
	readonly extraPeriods: number;
	readonly byTheClock: boolean;
	readonly fillsNothing: boolean;
}

export const LEEWAYS: readonly Leeway[] = [0, 1, 2, 5].flatMap((extraPeriods) =>
	[true, false].flatMap((byTheClock) =>
		[true, false].map((fillsNothing) => ({ extraPeriods, byTheClock, fillsNothing })),
	),
);

/** One value of a metric, minutes since the simulation began: when it is from, and when CloudWatch has it. */
export interface Datum {
	readonly at: number;
	readonly seenAt: number;
	readonly value: number;
}

/** By namespace, name and dimensions: `AtlasSnapshots ClustersNotFresh stack=AtlasSnapshots`. */
export type Data = ReadonlyMap<string, readonly Datum[]>;

export interface Metric {
	readonly Namespace: string;
	readonly MetricName: string;
	readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}

/** Properties of an alarm in a template. */
export interface AlarmProperties extends Partial<Metric> {
	readonly AlarmDescription: unknown;
	readonly Threshold: number;
	readonly ComparisonOperator: "GreaterThanOrEqualToThreshold";
	readonly EvaluationPeriods: number;
	readonly DatapointsToAlarm?: number;
	readonly TreatMissingData: "breaching" | "notBreaching";
	readonly Period?: number;
	readonly Statistic?: string;
	readonly Metrics?: readonly {
		readonly Id: string;
		readonly Expression?: string;
		readonly ReturnData?: boolean;
		readonly MetricStat?: { readonly Metric: Metric; readonly Period: number; readonly Stat: string };
	}[];
}

export const keyOf = ({ Namespace, MetricName, Dimensions = [] }: Metric): string =>
	[Namespace, MetricName, ...Dimensions.map(({ Name, Value }) => `${Name}=${JSON.stringify(Value)}`).toSorted()].join(
		" ",
	);

/** What an alarm says at a minute, of what has arrived until then. */
export function stateOf(alarm: AlarmProperties, data: Data, minute: number, leeway: Leeway): "OK" | "ALARM" {
	return evaluate(pointsOf(alarm, data, minute, leeway), alarm);
}

/** @param points newest first; `undefined` where there is no data */
export function evaluate(
	points: readonly (number | undefined)[],
	{ Threshold, EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods, TreatMissingData }: AlarmProperties,
): "OK" | "ALARM" {
	const real = points.filter((point) => point !== undefined).slice(0, EvaluationPeriods);
	const missing = EvaluationPeriods - real.length;
	const breaching = real.filter((point) => point >= Threshold).length;
	return breaching + (TreatMissingData === "breaching" ? missing : 0) >= DatapointsToAlarm ? "ALARM" : "OK";
}

function pointsOf(alarm: AlarmProperties, data: Data, minute: number, leeway: Leeway): (number | undefined)[] {
	const count = alarm.EvaluationPeriods + leeway.extraPeriods;
	const { Metrics, Namespace, MetricName, Period = 0, Statistic = "" } = alarm;
	const read = (metric: Metric, seconds: number, statistic: string) =>
		aggregate(data.get(keyOf(metric)) ?? [], count, seconds / 60, statistic, minute, leeway);
	if (Namespace !== undefined && MetricName !== undefined) {
		return read({ ...alarm, Namespace, MetricName }, Period, Statistic);
	}
	const stats = new Map(
		(Metrics ?? []).flatMap(({ Id, MetricStat }) =>
			MetricStat ? [[Id, read(MetricStat.Metric, MetricStat.Period, MetricStat.Stat)] as const] : [],
		),
	);
	const expression = Metrics?.find(({ Expression, ReturnData }) => Expression !== undefined && ReturnData !== false);
	// Of metric math only what the template uses.
	const [, id = "", value] = /^FILL\((\w+), (\d+)\)$/.exec(expression?.Expression ?? "") ?? [];
	const points = stats.get(id);
	if (!points) throw new Error(`metric math of another kind: ${expression?.Expression}`);
	const nothing = points.every((point) => point === undefined);
	return nothing && !leeway.fillsNothing ? points : points.map((point) => point ?? Number(value));
}

function aggregate(
	series: readonly Datum[],
	count: number,
	period: number,
	statistic: string,
	minute: number,
	{ byTheClock }: Leeway,
): (number | undefined)[] {
	const end = byTheClock ? Math.floor(minute / period) * period : minute;
	return Array.from({ length: count }, (_, index) => {
		const until = end - index * period;
		const values = series
			.filter(({ at, seenAt }) => seenAt <= minute && at >= until - period && at < until)
			.map(({ value }) => value);
		if (values.length === 0) return undefined;
		return statistic === "Sum" ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
	});
}
