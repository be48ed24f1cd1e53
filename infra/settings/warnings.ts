import { PER_CLUSTER_ALARMS } from "../constructs/props.ts";
import { type Deployment, isOfAnotherAccount } from "./arns.ts";
import { expectedIntervalMinutes, expectedIntervalWarnings } from "./expected-interval.ts";
import type { Settings } from "./settings.ts";

/** Partitions for whose regions AWS has announced no durable functions, and how their regions begin. */
const WITHOUT_DURABLE_FUNCTIONS = [
	{ begin: "cn-", where: "China" },
	{ begin: "us-gov-", where: "GovCloud" },
	{ begin: "us-iso", where: "the isolated regions" },
	{ begin: "eu-isoe-", where: "the isolated regions" },
] as const;

/**
 * Warnings about valid settings: a line each, which begins with the setting.
 *
 * Durable functions began in us-east-2 (December 2025), came to sixteen more commercial regions (April 2026) and to the
 * European Sovereign Cloud (September 2026). There is a warning only for partitions that no announcement
 * names: a commercial region that is not listed may have them by now.
 *
 * @see AWS What's New, Lambda durable functions
 */
export function warningsOf(settings: Settings, to: Deployment): readonly string[] {
	return [
		...regionWarnings(to),
		...keyWarnings(settings, to),
		...alarmWarnings(settings),
		...notificationWarnings(settings),
		...scheduleWarnings(settings),
	];
}

function regionWarnings({ region = "" }: Deployment): string[] {
	const known = WITHOUT_DURABLE_FUNCTIONS.find(({ begin }) => region.startsWith(begin));
	return known
		? [
				`region ${region}: AWS has not announced Lambda durable functions for ${known.where}; without them the deploy fails`,
			]
		: [];
}

function keyWarnings({ secretKeyArn, hookSecretKeyArn }: Settings, to: Deployment): string[] {
	return Object.entries({ secretKeyArn, hookSecretKeyArn })
		.filter(([, arn]) => isOfAnotherAccount(arn, to))
		.map(
			([name]) => `${name}: the key is another account's, whose key policy must let this account's functions decrypt`,
		);
}

function alarmWarnings({ schedules, perClusterAlarms = PER_CLUSTER_ALARMS }: Settings): string[] {
	const named = schedules.flatMap(({ request: { projectId, clusters } }) =>
		clusters === "all" || "tags" in clusters ? [] : clusters.map((name) => `${projectId} ${name}`),
	);
	const count = new Set(named).size;
	return count > perClusterAlarms && perClusterAlarms > 0
		? [
				`perClusterAlarms: schedules name ${count} clusters, more than ${perClusterAlarms}, so one alarm, ClustersNotFresh, covers all of them`,
			]
		: [];
}

/** Whether anybody is notified of an alarm. */
function notificationWarnings({ alarmEmail, alarmTopicArn, heartbeatUrl, schedules }: Settings): string[] {
	return [
		...(alarmEmail === undefined && alarmTopicArn === undefined
			? ["alarmEmail: neither it nor alarmTopicArn is set, so nobody is notified of alarms"]
			: []),
		...(alarmTopicArn === undefined
			? []
			: [
					"alarmTopicArn: the topic's policy must let cloudwatch.amazonaws.com and events.amazonaws.com publish, see docs/settings.md; otherwise nobody is notified",
				]),
		...(heartbeatUrl !== undefined && schedules.length === 0
			? ["heartbeatUrl: without a schedule no cluster is watched, so it is never requested"]
			: []),
	];
}

function scheduleWarnings({ schedules }: Settings): string[] {
	return schedules.flatMap(({ name, request, ...timing }) => {
		const keptMinutes = request.retentionInDays * 24 * 60;
		const interval = expectedIntervalMinutes(timing);
		return [
			...expectedIntervalWarnings(timing),
			...(keptMinutes < interval
				? [
						`request keeps a snapshot for ${keptMinutes} minutes, less than the ${interval} to the next one: in between there is none, and its alarm says so`,
					]
				: []),
		].map((warning) => `schedules ${name}: ${warning}`);
	});
}
