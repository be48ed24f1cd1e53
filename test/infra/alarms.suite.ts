import { readFileSync } from "node:fs";
import { Duration } from "aws-cdk-lib";
import type { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { scheduledSelections, scheduledTargets } from "../../infra/constructs/scheduled-targets.ts";
import { readWatchedClusters } from "../../lambda/monitoring/freshness-event.ts";
import { nightly, PROJECT, templateOf } from "./synthesize.ts";

const runbook = readFileSync(new URL("../../docs/runbook.md", import.meta.url), "utf8");
/** As GitHub makes an anchor of a heading. */
const anchors = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
	heading
		.toLowerCase()
		.replace(/[^\w\- ]/g, "")
		.replaceAll(" ", "-"),
);
const template = templateOf({
	schedules: [
		nightly,
		{ ...nightly, name: "weekly", expression: "rate(7 days)", expectedEveryMinutes: 7 * 1440 },
		{ ...nightly, name: "everything", graceMinutes: 240, request: { clusters: "all" } },
		{ ...nightly, name: "tagged", request: { projectId: PROJECT, clusters: { tags: { backup: "daily" } } } },
	],
	runbookUrl: "https://acme.test/runbook",
});
const alarms = Object.entries(template.findResources("AWS::CloudWatch::Alarm")).map(
	([id, { Properties }]) => ({ id, ...Properties }) as { id: string } & Record<string, never>,
);
const alarm = (id: string) => alarms.filter((candidate) => candidate.id.includes(id));

test("every alarm states its impact, links to a section that the runbook has, and reaches people", () => {
	expect(alarms.length).toBeGreaterThan(10);
	for (const { AlarmDescription, AlarmActions, OKActions } of alarms as Record<string, unknown>[]) {
		const [, section] =
			/^Impact: .+\. Runbook: https:\/\/acme\.test\/runbook#(.+)$/.exec(String(AlarmDescription)) ?? [];
		expect(anchors).toContain(section);
		expect([AlarmActions, OKActions]).toEqual([
			[{ Ref: expect.stringContaining("AlarmTopic") }],
			[{ Ref: expect.stringContaining("AlarmTopic") }],
		]);
	}
});

test.each([
	["RunFailed", 1, "notBreaching"],
	["RunToRedrive", 1, "notBreaching"],
	["EventUndelivered", 1, "notBreaching"],
	["RunNotStarted", 1, "notBreaching"],
	["RunTimedOut", 1, "notBreaching"],
	["RunStopped", 1, "notBreaching"],
	["PublishFailed", 1, "notBreaching"],
	["MailUndelivered", 1, "notBreaching"],
	["ManyExecutions", 80, "notBreaching"],
	["SnapshotLate", 1, "notBreaching"],
	["Throttled", 1, "notBreaching"],
	["CredentialsRefused", 1, "notBreaching"],
	["ManyOperations", 2400, "notBreaching"],
	["HttpFault", 1, "notBreaching"],
])("%s goes to ALARM at %i", (id, threshold, missing) => {
	expect(alarm(`Alarms${id}`)).toMatchObject([
		{ Threshold: threshold, ComparisonOperator: "GreaterThanOrEqualToThreshold", TreatMissingData: missing },
	]);
});

test("a scheduled cluster's alarm is raised when its newest snapshot is older than its schedule requires", () => {
	const ages = alarm(`Freshness${PROJECT}`) as unknown as {
		Threshold: number;
		Metrics: { MetricStat?: { Metric: object } }[];
	}[];

	expect(ages).toHaveLength(2);
	for (const [index, clusterName] of ["prod-a", "prod-b"].entries()) {
		expect(ages[index]?.Metrics.find(({ MetricStat }) => MetricStat)?.MetricStat?.Metric).toEqual({
			Namespace: "AtlasSnapshots",
			MetricName: "SnapshotAge",
			Dimensions: [
				{ Name: "cluster", Value: clusterName },
				{ Name: "project", Value: PROJECT },
				{ Name: "stack", Value: "AtlasSnapshots" },
			],
		});
		// A day, the window of 15 minutes, the deadline of 60, and one check.
		expect(ages[index]?.Threshold).toBe((1440 + 15 + 60 + 15) * 60);
	}
});

test("with a selection the dashboard shows the age of whichever clusters it turns out to hold, from the logs", () => {
	const bodyOf = (of: Template) => JSON.stringify(of.findResources("AWS::CloudWatch::Dashboard"));

	expect(bodyOf(template)).toContain("latest(age_seconds)");
	expect(bodyOf(templateOf({ schedules: [nightly] }))).not.toContain("latest(age_seconds)");
});

test("without a schedule nothing is watched, and there is no alarm about it", () => {
	const ids = Object.keys(templateOf({}).findResources("AWS::CloudWatch::Alarm"));

	expect(ids.filter((id) => id.includes("Freshness"))).toEqual([]);
});

test("the freshness function gets, every 15 minutes, the clusters that must be fresh, and can read them", () => {
	const schedules = Object.values(template.findResources("AWS::Scheduler::Schedule"));
	const check = schedules.find(({ Properties }) => Properties["ScheduleExpression"] === "rate(15 minutes)");
	const input = JSON.parse(check?.["Properties"]["Target"]["Input"]);

	const daily = { expectedEveryMinutes: 1440, graceMinutes: 15 + 60 + 15 };
	const selected = [
		{ clusters: "all", expectedEveryMinutes: 1440, graceMinutes: 240 },
		{ projectId: PROJECT, clusters: { tags: { backup: "daily" } }, ...daily },
	];
	expect(input).toEqual({
		targets: [
			{ projectId: PROJECT, clusterName: "prod-a", ...daily },
			{ projectId: PROJECT, clusterName: "prod-b", ...daily },
			...selected,
		],
	});
	expect(readWatchedClusters(input)).toEqual([
		{ projectId: PROJECT, clusters: ["prod-a"], ...daily },
		{ projectId: PROJECT, clusters: ["prod-b"], ...daily },
		...selected,
	]);
});

describe("the clusters that are watched", () => {
	const schedule = (days: number, clusters: readonly string[] | "all", grace?: Duration) => ({
		name: `every-${days}`,
		expression: `rate(${days} ${days === 1 ? "day" : "days"})`,
		request: { projectId: PROJECT, clusters, deadlineMinutes: 30 },
		...(grace ? { grace } : {}),
	});

	const schedules = [
		schedule(7, ["a", "b"]),
		schedule(1, ["b"], Duration.hours(2)),
		schedule(1, "all"),
		schedule(7, "all", Duration.hours(2)),
	];

	test("are those that requests name, each once, by the shortest interval of its schedules", () => {
		expect(scheduledTargets(schedules)).toEqual([
			{ projectId: PROJECT, clusterName: "a", expectedEveryMinutes: 7 * 1440, graceMinutes: 45 },
			{ projectId: PROJECT, clusterName: "b", expectedEveryMinutes: 1440, graceMinutes: 120 },
		]);
	});

	test("are those that requests select as well: each check finds out which they are", () => {
		expect(scheduledSelections(schedules)).toEqual([
			{ projectId: PROJECT, clusters: "all", expectedEveryMinutes: 1440, graceMinutes: 45 },
			{ projectId: PROJECT, clusters: "all", expectedEveryMinutes: 7 * 1440, graceMinutes: 120 },
		]);
	});
});
