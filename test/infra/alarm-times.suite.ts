/** When each alarm goes to ALARM and back to OK by CloudWatch's rules, in every way in which they can be read. */
import { describe, expect, test } from "vitest";
import { LATE_TIMESTAMP_OFFSET_MS } from "../../lambda/aws/metrics.ts";
import {
	AGE_METRIC,
	CREDENTIALS_REFUSED_METRIC,
	LATE_METRIC,
	METRICS_NAMESPACE,
	NOT_FRESH_METRIC,
	STACK_DIMENSION,
	THROTTLED_METRIC,
} from "../../lambda/domain/metrics.ts";
import {
	type AlarmProperties,
	type Datum,
	evaluate,
	keyOf,
	LEEWAYS,
	type Leeway,
	stateOf,
} from "./cloudwatch-alarms.ts";
import { nightly, PROJECT, templateOf } from "./synthesize.ts";

describe("the evaluator agrees with the tables of CloudWatch's user guide", () => {
	// Newest last, as there: 0 good, X bad, - missing. The states with missing data as breaching, and as not breaching.
	test.each([
		[3, "0-X-X", "OK", "OK"],
		[3, "0----", "OK", "OK"],
		[3, "-----", "ALARM", "OK"],
		[3, "0XX-X", "ALARM", "ALARM"],
		[3, "--X--", "ALARM", "OK"],
		[2, "0-X-X", "ALARM", "ALARM"],
		[2, "00X0X", "ALARM", "ALARM"],
		[2, "0-X--", "ALARM", "OK"],
		[2, "----0", "ALARM", "OK"],
		[2, "---X-", "ALARM", "OK"],
	])("%i of 3: %s", (DatapointsToAlarm, row, breaching, notBreaching) => {
		const points = Array.from(row)
			.reverse()
			.map((mark) => (mark === "-" ? undefined : mark === "X" ? 1 : 0));
		const states = (["breaching", "notBreaching"] as const).map((TreatMissingData) =>
			evaluate(points, { ...anyAlarm, EvaluationPeriods: 3, DatapointsToAlarm, TreatMissingData }),
		);

		expect(states).toEqual([breaching, notBreaching]);
	});
});

const anyAlarm: AlarmProperties = {
	AlarmDescription: "",
	Threshold: 1,
	ComparisonOperator: "GreaterThanOrEqualToThreshold",
	EvaluationPeriods: 1,
	TreatMissingData: "breaching",
};

const resources = templateOf({ schedules: [nightly] }).findResources("AWS::CloudWatch::Alarm");
const alarmOf = (id: string): AlarmProperties => {
	const found = Object.entries(resources).filter(([logicalId]) => logicalId.includes(id));
	expect(found).toHaveLength(1);
	return found[0]?.[1]["Properties"];
};

const ours = (name: string, more: Readonly<Record<string, string>> = {}) =>
	keyOf({
		Namespace: METRICS_NAMESPACE,
		MetricName: name,
		Dimensions: Object.entries({ [STACK_DIMENSION]: "AtlasSnapshots", ...more }).map(([Name, Value]) => ({
			Name,
			Value,
		})),
	});

/** Minutes between two checks; start and arrival of the data vary. */
const CHECK_MINUTES = 15;
const JITTER = [0, 1.3, 0.2, 1.9, 0.7];
const checks = (from: number, to: number, value: (at: number) => number | undefined): Datum[] =>
	Array.from({ length: Math.ceil((to - from) / CHECK_MINUTES) }, (_, index) => {
		const at = from + index * CHECK_MINUTES + (JITTER[index % JITTER.length] ?? 0);
		return { at, seenAt: at + (JITTER[(index + 2) % JITTER.length] ?? 0), value: value(at) };
	}).filter((datum): datum is Datum => datum.value !== undefined);

const PHASES = [0, 3.4, 7, 11.9];
const DAY = 24 * 60;

/** The minutes at which an alarm changes, from OK. */
function changes(id: string, key: string, data: readonly Datum[], until: number, leeway: Leeway): [number, string][] {
	const alarm = alarmOf(id);
	const found: [number, string][] = [];
	let state = "OK";
	for (let minute = 120; minute < until; minute++) {
		const next = stateOf(alarm, new Map([[key, data]]), minute, leeway);
		if (next !== state) found.push([minute, next]);
		state = next;
	}
	return found;
}

/** Holds for every phase of the checks, and for everything that CloudWatch leaves open. */
function each(check: (phase: number, leeway: Leeway) => void): void {
	for (const phase of PHASES) for (const leeway of LEEWAYS) check(phase, leeway);
}

const AGE = ours(AGE_METRIC, { project: PROJECT, cluster: "prod-a" });
const fresh = [
	["ClustersNotFresh", ours(NOT_FRESH_METRIC), 0, 1],
	[`Freshness${PROJECT}proda`, AGE, 3600, 200_000],
] as const;

test.each(fresh)("%s: stays OK through a healthy day, one bad check and one missed check", (id, key, good, bad) => {
	each((phase, leeway) => {
		expect(
			changes(
				id,
				key,
				checks(phase, DAY, () => good),
				DAY,
				leeway,
			),
		).toEqual([]);
		const oneBad = checks(phase, 600, (at) => (at > 300 && at < 300 + CHECK_MINUTES ? bad : good));
		const oneMissed = checks(phase, 600, (at) => (at > 300 && at < 300 + CHECK_MINUTES ? undefined : good));
		expect(changes(id, key, oneBad, 600, leeway)).toEqual([]);
		expect(changes(id, key, oneMissed, 600, leeway)).toEqual([]);
	});
});

test.each(fresh)(
	"%s: is in ALARM within 45 minutes of a dead freshness function, until it checks again",
	(id, key, good) => {
		each((phase, leeway) => {
			const [died, healed] = [300, 700];
			const data = checks(phase, 1200, (at) => (at > died && at < healed ? undefined : good));
			const [alarmed, recovered, ...more] = changes(id, key, data, 1200, leeway);

			expect(alarmed?.[1]).toBe("ALARM");
			expect(alarmed?.[0]).toBeLessThanOrEqual(died + 45);
			expect(recovered?.[1]).toBe("OK");
			const back = data.find(({ at }) => at >= healed);
			expect(recovered?.[0]).toBeLessThanOrEqual((back?.seenAt ?? 0) + 7);
			expect(more).toEqual([]);
		});
	},
);

test.each(fresh)(
	"%s: is in ALARM 35 to 42 minutes after the last good check of a stale cluster, and OK with the next",
	(id, key, good, bad) => {
		each((phase, leeway) => {
			const data = checks(phase, 1200, (at) => (at > 300 && at < 700 ? bad : good));
			const lastGood = data.findLast(({ at }) => at <= 300);
			const nextGood = data.find(({ at }) => at >= 700);
			const [alarmed, recovered, ...more] = changes(id, key, data, 1200, leeway);

			expect(alarmed?.[1]).toBe("ALARM");
			expect((alarmed?.[0] ?? 0) - (lastGood?.at ?? 0)).toBeGreaterThanOrEqual(35);
			expect((alarmed?.[0] ?? 0) - (lastGood?.at ?? 0)).toBeLessThanOrEqual(42);
			expect((recovered?.[0] ?? 0) - (nextGood?.at ?? 0)).toBeLessThanOrEqual(7);
			expect(more).toEqual([]);
		});
	},
);

test("CredentialsRefused does not change between two checks, and is OK 40 to 50 minutes after the last refusal", () => {
	each((phase, leeway) => {
		const data = checks(phase, 1200, (at) => (at > 300 && at < 700 ? 1 : undefined));
		const [alarmed, recovered, ...more] = changes(
			"CredentialsRefused",
			ours(CREDENTIALS_REFUSED_METRIC),
			data,
			1200,
			leeway,
		);

		expect((alarmed?.[0] ?? 0) - (data[0]?.at ?? 0)).toBeLessThanOrEqual(10);
		expect((recovered?.[0] ?? 0) - (data.at(-1)?.at ?? 0)).toBeGreaterThanOrEqual(40);
		expect((recovered?.[0] ?? 0) - (data.at(-1)?.at ?? 0)).toBeLessThanOrEqual(50);
		expect(more).toEqual([]);
	});
});

/** What a run adds and takes: at its deadline, at each poll past it, at the end. Polls are a tenth of the elapsed time apart. */
function lateRun(startedAt: number, deadline: number, end: number): Datum[] {
	const data: Datum[] = [];
	const count = (value: number, at: number, seenAt: number) =>
		data.push({ value, at: at - LATE_TIMESTAMP_OFFSET_MS / 60_000, seenAt: seenAt + 1.5 });
	let poll = startedAt + deadline;
	count(1, startedAt + deadline, poll);
	count(1, poll, poll);
	for (;;) {
		const next = poll + (poll - startedAt) * 0.1;
		count(-1, poll, next);
		if (next >= end) {
			count(-1, startedAt + deadline, next);
			return data;
		}
		count(1, next, next);
		poll = next;
	}
}

test.each([
	["two hours", 60, 300 + 120],
	["a day", 60, 300 + DAY],
	["three days", 600, 300 + 3 * DAY],
])(
	"SnapshotLate stays in ALARM while a snapshot is late, %s, and is OK after the poll that finds its end",
	(_long, deadline, end) => {
		for (const leeway of LEEWAYS) {
			const data = lateRun(300, deadline, end);
			const found = Math.max(...data.map(({ at, seenAt }) => Math.max(at, seenAt)));
			const [alarmed, recovered, ...more] = changes("SnapshotLate", ours(LATE_METRIC), data, end + 800, leeway);

			expect(alarmed?.[0]).toBeLessThanOrEqual(300 + deadline + 20);
			expect(recovered?.[1]).toBe("OK");
			expect(recovered?.[0]).toBeGreaterThanOrEqual(end);
			expect(recovered?.[0]).toBeLessThanOrEqual(found + 20);
			expect(more).toEqual([]);
		}
	},
);

test("SnapshotLate stays in ALARM while any of two is late", () => {
	for (const leeway of LEEWAYS) {
		const data = [...lateRun(300, 60, 500), ...lateRun(310, 60, 900)];
		const found = changes("SnapshotLate", ours(LATE_METRIC), data, 1500, leeway);

		expect(found.map(([, state]) => state)).toEqual(["ALARM", "OK"]);
		expect(found[1]?.[0]).toBeGreaterThanOrEqual(900);
	}
});

test("Throttled is in ALARM for repeated refusals at the pace of the back-off, not for one burst; and OK within half an hour", () => {
	for (const leeway of LEEWAYS) {
		const refusals = (count: number, apart: number) =>
			Array.from({ length: count }, (_, index) => ({ at: 300 + index * apart, seenAt: 301 + index * apart, value: 1 }));
		const key = ours(THROTTLED_METRIC);
		const [alarmed, recovered, ...more] = changes("Throttled", key, refusals(10, 6.2), 800, leeway);

		expect(alarmed?.[0]).toBeLessThanOrEqual(325);
		expect(recovered?.[0]).toBeLessThanOrEqual(300 + 9 * 6.2 + 30);
		expect(more).toEqual([]);
		expect(changes("Throttled", key, refusals(20, 0.2), 800, leeway)).toEqual([]);
	}
});

test.each(["RunFailed", "RunTimedOut", "RunStopped", "HttpFault", "ManyOperations", "ManyExecutions"])(
	"%s evaluates data that arrives four minutes late",
	(id) => {
		const alarm = alarmOf(id);
		const metric = alarm.Metrics?.find(({ MetricStat }) => MetricStat)?.MetricStat?.Metric;
		for (const leeway of LEEWAYS) {
			const data = [{ at: 300.5, seenAt: 304.5, value: 3000 }];
			const found = changes(id, metric ? keyOf(metric) : "", data, 600, leeway);

			expect(found.map(([, state]) => state)).toEqual(["ALARM", "OK"]);
			expect(found[0]?.[0]).toBeLessThanOrEqual(310);
			expect(found[1]?.[0]).toBeLessThanOrEqual(325);
		}
	},
);

test.each(["RunToRedrive", "EventUndelivered", "RunNotStarted", "MailUndelivered", "LookFailed"])(
	"%s is in ALARM while a message waits",
	(id) => {
		const alarm = alarmOf(id);
		const key = keyOf({ ...alarm, Namespace: alarm.Namespace ?? "", MetricName: alarm.MetricName ?? "" });
		for (const leeway of LEEWAYS) {
			const data = Array.from({ length: 900 }, (_, at) => ({
				at,
				seenAt: at + 2,
				value: at >= 300 && at < 500 ? 1 : 0,
			}));
			const found = changes(id, key, data, 900, leeway);

			expect(found.map(([, state]) => state)).toEqual(["ALARM", "OK"]);
			expect(found[0]?.[0]).toBeLessThanOrEqual(310);
			expect(found[1]?.[0]).toBeLessThanOrEqual(510);
		}
	},
);

test("each alarm's description says when it goes to ALARM and to OK", () => {
	for (const { Properties } of Object.values(resources)) {
		expect(JSON.stringify(Properties["AlarmDescription"])).toMatch(/\. ALARM [^.]+; OK [^.]+\. Runbook: /);
	}
});
