import type { LearnedFigures } from "./learned.ts";
import type { Figures } from "./measure.ts";

/** A line of the table. */
export interface Row {
	readonly key: string;
	readonly value: number;
	/** The most that it may be; absent where it is only told. */
	readonly most?: number;
	readonly beside: string;
}

export const passes = ({ value, most }: Row): boolean => most === undefined || value <= most;

/** The figures as lines, with what each must be. */
export function toRows({ coldStart, requests, fanOut, follow, cost, memory, trigger }: Figures): Row[] {
	const start = (name: "snapshot" | "trigger", most: number): Row => {
		const { ratioToNaive: value, ratioToOwnNaive: own, ms, naiveMs, kilobytes, naiveKilobytes } = coldStart[name];
		const beside = `${ms} ms, ${kilobytes} KB; naive ${naiveMs} ms, ${naiveKilobytes} KB; bare node ${coldStart.emptyMs} ms; of a naive one with its own dependencies alone ${own}`;
		return { key: `coldStart.${name}.ratioToNaive`, value, most, beside };
	};
	const peers = Object.entries(requests.peers);
	const watchers = Object.entries(follow.peers);
	const { operations, bytes, invocations, measuredMs, billedMs, computePer1000Snapshots, pricesOf } = cost;
	return [
		start("snapshot", 0.55),
		start("trigger", 0.45),
		{
			key: "requests.digestPerSnapshot",
			value: requests.digestPerSnapshot,
			most: 1.1,
			beside: peers.map(([peer, each]) => `${peer} ${each}`).join(", "),
		},
		{ key: "requests.oauthPerSnapshot", value: requests.oauthPerSnapshot, most: 1.05, beside: "" },
		{ key: "fanOut.ratioToBound", value: fanOut.ratioToBound, most: 1.5, beside: `${fanOut.seconds} s` },
		{ key: "fanOut.ratioToCurl", value: fanOut.ratioToCurl, most: 0.5, beside: `xargs curl ${fanOut.curlSeconds} s` },
		{
			key: "fanOut.run.seconds",
			value: fanOut.run.seconds,
			beside: `${fanOut.run.clusters} clusters in the local runner, ${fanOut.run.megabytes} MB with it`,
		},
		{
			key: "follow.hour.polls",
			value: follow.hour.polls,
			most: 45,
			beside: watchers.map(([peer, { hour }]) => `${peer} ${hour.polls}`).join(", "),
		},
		{
			key: "follow.hour.delayShare",
			value: follow.hour.delayShare,
			most: 0.1,
			beside: watchers.map(([peer, { hour }]) => `${peer} ${hour.delayShare}`).join(", "),
		},
		{
			key: "follow.day.operations",
			value: follow.day.operations,
			most: 100,
			beside: `${follow.day.polls} polls; ${watchers.map(([peer, { day }]) => `${peer} ${day.polls} polls`).join(", ")}`,
		},
		...learnedRows(follow),
		{
			key: "cost.learned.per1000Snapshots",
			value: cost.learned.per1000Snapshots,
			most: 0.22,
			beside: `${cost.learned.polls} polls instead of ${cost.polls}, where the earlier ones differ by 20 %`,
		},
		{
			key: "cost.per1000Snapshots",
			value: cost.per1000Snapshots,
			most: 0.35,
			beside: `US$ of ${pricesOf}; each ${operations} operations, ${bytes} bytes, ${invocations} invocations`,
		},
		{
			key: "cost.computePer1000Snapshots",
			value: computePer1000Snapshots,
			beside: `US$ for invocations of ${billedMs} ms (${measuredMs} ms here, stretched, and the network's)`,
		},
		{
			key: "memory.rssMb",
			value: memory.rssMb,
			most: 200,
			beside: `the bundle alone; local runner and stand-ins ${memory.runnerMb} MB in a process of their own`,
		},
		{
			key: "trigger.cpuMs",
			value: trigger.cpuMs,
			most: 1.5,
			beside: "a warm POST /snapshots beyond the SDK's own call",
		},
		{ key: "trigger.p99OverMedian", value: trigger.p99OverMedian, most: 5, beside: "50 callers on loopback" },
	];
}

/** At most so many polls of an hour, and of 20 minutes, and so much delay; a history that misleads is only told. */
const LEARNED: Readonly<Record<keyof LearnedFigures, { hour?: number; twentyMinutes?: number; delayShare?: number }>> =
	{
		spread5: { hour: 11, delayShare: 0.027 },
		spread20: { hour: 15.6, twentyMinutes: 14, delayShare: 0.033 },
		spread50: { hour: 20, delayShare: 0.053 },
		doubled: {},
		halved: {},
	};

/** Where earlier snapshots differ by 20 % the keys are plain; otherwise they name the history. */
function learnedRows({ hour, learned: { histories } }: Figures["follow"]): Row[] {
	return (Object.keys(LEARNED) as (keyof LearnedFigures)[]).flatMap((name): Row[] => {
		const key = name === "spread20" ? "follow.learned" : `follow.learned.${name}`;
		const { hour: most, twentyMinutes, delayShare } = LEARNED[name];
		const means = "means over drawn histories and durations";
		const noticed = histories[name];
		return [
			{
				key: `${key}.hour.polls`,
				value: noticed.hour.polls,
				most,
				beside: `${means}; without a history ${hour.polls}`,
			},
			{ key: `${key}.delayShare`, value: noticed.hour.delayShare, most: delayShare, beside: `of an hour, ${means}` },
			{ key: `${key}.twentyMinutes.polls`, value: noticed.twentyMinutes.polls, most: twentyMinutes, beside: means },
		];
	});
}
