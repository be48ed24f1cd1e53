import { readFileSync } from "node:fs";
import { Duration } from "aws-cdk-lib";
import { describe, expect, test } from "vitest";
import { scheduledTargets } from "../../infra/scheduled-targets.ts";
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
	schedules: [nightly, { ...nightly, name: "weekly", expectedEveryMinutes: 7 * 1440 }],
	runbookUrl: "https://acme.test/runbook",
});
const alarms = Object.entries(template.findResources("AWS::CloudWatch::Alarm")).map(
	([id, { Properties }]) => ({ id, ...Properties }) as { id: string } & Record<string, never>,
);
const alarm = (id: string) => alarms.filter((candidate) => candidate.id.includes(id));

test("every alarm says who is hurt, links to a section that the runbook has, and reaches people", () => {
	expect(alarms.length).toBeGreaterThan(10);
	for (const { AlarmDescription, AlarmActions, OKActions } of alarms as Record<string, unknown>[]) {
		const [, section] =
			/^When this rings, .+\. Runbook: https:\/\/acme\.test\/runbook#(.+)$/.exec(String(AlarmDescription)) ?? [];
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
	["SnapshotLate", 1, "notBreaching"],
	["Throttled", 1, "notBreaching"],
	["CredentialsRefused", 1, "notBreaching"],
	["ManyOperations", 2400, "notBreaching"],
	["HttpFault", 1, "notBreaching"],
])("%s rings at %i", (id, threshold, missing) => {
	expect(alarm(`Alarms${id}`)).toMatchObject([
		{ Threshold: threshold, ComparisonOperator: "GreaterThanOrEqualToThreshold", TreatMissingData: missing },
	]);
});

test("a scheduled cluster's alarm rings when its newest snapshot is older than promised, or its age unknown", () => {
	const ages = alarm("Freshness") as Record<string, unknown>[];

	expect(ages).toHaveLength(2);
	for (const [index, clusterName] of ["prod-a", "prod-b"].entries()) {
		expect(ages[index]).toMatchObject({
			Namespace: "AtlasSnapshots",
			MetricName: "SnapshotAge",
			Statistic: "Maximum",
			Dimensions: [
				{ Name: "cluster", Value: clusterName },
				{ Name: "project", Value: PROJECT },
			],
			// A day, the window of 15 minutes, the deadline of 60, and one look.
			Threshold: (1440 + 15 + 60 + 15) * 60,
			TreatMissingData: "breaching",
			EvaluationPeriods: 2,
		});
	}
});

test("the freshness function is told every 15 minutes which clusters it must find fresh", () => {
	const schedules = Object.values(template.findResources("AWS::Scheduler::Schedule"));
	const look = schedules.find(({ Properties }) => Properties["ScheduleExpression"] === "rate(15 minutes)");

	expect(JSON.parse(look?.["Properties"]["Target"]["Input"])).toEqual({
		targets: ["prod-a", "prod-b"].map((clusterName) => ({
			projectId: PROJECT,
			clusterName,
			expectedEveryMinutes: 1440,
		})),
	});
});

describe("the clusters that are watched", () => {
	const schedule = (days: number, clusters: readonly string[] | "all", grace?: Duration) => ({
		name: `every-${days}`,
		expression: "rate(1 day)",
		expectedEvery: Duration.days(days),
		order: { projectId: PROJECT, clusters, deadlineMinutes: 30 },
		...(grace ? { grace } : {}),
	});

	test("are those that orders name, each once, by the strictest of its schedules", () => {
		const targets = scheduledTargets([
			schedule(7, ["a", "b"]),
			schedule(1, ["b"], Duration.hours(2)),
			schedule(1, "all"),
		]);

		expect(targets).toEqual([
			{ projectId: PROJECT, clusterName: "a", expectedEveryMinutes: 7 * 1440, graceMinutes: 45 },
			{ projectId: PROJECT, clusterName: "b", expectedEveryMinutes: 1440, graceMinutes: 120 },
		]);
	});
});
