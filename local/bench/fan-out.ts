import { connect, curlAll, serveAtlas, takeAll } from "./atlas.ts";
import { runChild } from "./process.ts";
import { median, rounded } from "./statistics.ts";

const CONCURRENCY = 50;
const LATENCY_MS = 50;

export interface FanOut {
	/** Seconds, of the client ÷ (snapshots ÷ concurrency × latency). */
	readonly ratioToBound: number;
	readonly ratioToCurl: number;
	readonly seconds: number;
	readonly curlSeconds: number;
	/** Whole runs in the local durable runner, one execution each for at most 25 clusters. */
	readonly run: { readonly clusters: number; readonly seconds: number; readonly megabytes: number };
}

/** @param snapshots how many; @param repetitions of the client and of curl, in turn */
export async function fanOut(snapshots: number, repetitions: number): Promise<FanOut> {
	await using atlas = await serveAtlas(snapshots, LATENCY_MS);
	const remote = atlas.hello;
	const bound = ((snapshots / CONCURRENCY) * LATENCY_MS) / 1000;
	const ours: number[] = [];
	const curls: number[] = [];
	for (let i = 0; i < repetitions; i++) {
		const client = connect(remote, "digest");
		ours.push(await secondsOf(() => takeAll(client, remote, CONCURRENCY)));
		await client.close();
		curls.push(await secondsOf(() => curlAll(remote, CONCURRENCY)));
	}
	const run = await runChild<{ seconds: number; megabytes: number }>("run-many.ts", [String(snapshots)]);
	return {
		ratioToBound: rounded(median(ours) / bound),
		ratioToCurl: rounded(median(ours.map((seconds, i) => seconds / (curls[i] ?? 0)))),
		seconds: rounded(median(ours)),
		curlSeconds: rounded(median(curls)),
		run: { clusters: snapshots, ...run },
	};
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
	const begun = performance.now();
	await work();
	return (performance.now() - begun) / 1000;
}
