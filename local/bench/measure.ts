import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { buildFunctions } from "../../infra/build.ts";
import { serveAtlas } from "./atlas.ts";
import { type ColdStart, coldStart } from "./cold-start.ts";
import { type Cost, cost } from "./cost.ts";
import { type FanOut, fanOut } from "./fan-out.ts";
import { type Follow, follow } from "./follow.ts";
import { type Learned, type LearnedFigures, learned as learnedFigures } from "./learned.ts";
import { runChild } from "./process.ts";
import { type Requests, requests } from "./requests.ts";
import { rounded } from "./statistics.ts";

interface Memory {
	/** Peak of the process in which the deployed durable bundle is alone, carrying a hundred targets at once. */
	readonly rssMb: number;
	/** Peak of the process with the local runner and the stand-ins, which Lambda does not have. */
	readonly runnerMb: number;
}

interface TriggerCall {
	/** Milliseconds of CPU of a warm `POST /snapshots`, beyond those of the SDK's own call. */
	readonly cpuMs: number;
	/** Slowest hundredth ÷ median, of fifty callers on loopback. */
	readonly p99OverMedian: number;
}

export interface Figures {
	readonly machine: { readonly cpu: string; readonly cores: number; readonly gigabytes: number; readonly node: string };
	readonly quick: boolean;
	readonly coldStart: ColdStart;
	readonly requests: Requests;
	readonly fanOut: FanOut;
	/** `learned`: with an expected end, where the earlier snapshots differ by 20 %, and by each history. */
	readonly follow: Follow & {
		readonly learned: Learned & { readonly delayShare: number; readonly histories: LearnedFigures };
	};
	readonly cost: Cost;
	readonly memory: Memory;
	readonly trigger: TriggerCall;
}

/** How much is done for each figure. */
const FULL = { draws: 3000, starts: 15, snapshots: 1000, fanOuts: 2, phases: 2000, targets: 100, calls: 2000 };
/** Without regard to time: all at once. */
const QUICK = { draws: 200, starts: 1, snapshots: 50, fanOuts: 1, phases: 50, targets: 5, calls: 100 };

/** Measures everything, one thing after another. @param tell hears what comes next */
export async function measure(quick: boolean, tell: (what: string) => void): Promise<Figures> {
	const { draws, starts, snapshots, fanOuts, phases, targets, calls } = quick ? QUICK : FULL;
	const folder = await mkdtemp(join(tmpdir(), "atlas-snapshots-bench-"));
	const told = <T>(what: string, work: () => Promise<T>): Promise<T> => {
		tell(what);
		return work();
	};
	try {
		const deployed = await told("building", () => buildFunctions(join(folder, "deployed")));
		const parts = {
			coldStart: () => told("cold starts", () => coldStart(deployed, folder, starts)),
			requests: () => told("requests", requests),
			fanOut: () => told("fan-out", () => fanOut(snapshots, fanOuts)),
			follow: () => told("following", () => follow(phases)),
			learned: () => told("following an expected end", () => learnedFigures(draws)),
			cost: () => told("cost", cost),
			memory: () => told("memory", () => memory(deployed.snapshot, targets)),
			trigger: () => told("trigger calls", () => triggerCall(deployed.trigger, calls)),
		};
		const { learned: histories, ...figures } = quick ? await together(parts) : await inTurn(parts);
		const learned = { ...histories.spread20, delayShare: histories.spread20.hour.delayShare, histories };
		return { machine: describeMachine(), quick, ...figures, follow: { ...figures.follow, learned } };
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

/** @param deployed folder of the durable function's bundle */
async function memory(deployed: string, targets: number): Promise<Memory> {
	await using atlas = await serveAtlas(targets, 0, 4);
	const { url, projectId, clientId, clientSecret } = atlas.hello;
	const keys = JSON.stringify({ clientId, clientSecret });
	const bundle = join(deployed, "index.mjs");
	// Awaited here: Atlas closes with the return.
	return await runChild<Memory>("carry-many.ts", [bundle, url, projectId, keys, String(targets)]);
}

/** @param deployed folder of the trigger function's bundle */
async function triggerCall(deployed: string, calls: number): Promise<TriggerCall> {
	const { cpuMs, p99OverMedian } = await runChild<TriggerCall>("call-trigger.ts", [
		join(deployed, "index.mjs"),
		String(calls),
	]);
	return { cpuMs: rounded(cpuMs), p99OverMedian: rounded(p99OverMedian) };
}

function describeMachine(): Figures["machine"] {
	const cores = cpus();
	return {
		cpu: cores[0]?.model ?? "unknown",
		cores: cores.length,
		gigabytes: Math.round(totalmem() / 2 ** 30),
		node: process.version,
	};
}

type Parts<T> = { readonly [K in keyof T]: () => Promise<T[K]> };

async function inTurn<T extends object>(parts: Parts<T>): Promise<T> {
	const done: Partial<T> = {};
	for (const name in parts) done[name] = await parts[name]();
	return done as T;
}

async function together<T extends object>(parts: Parts<T>): Promise<T> {
	const done: Partial<T> = {};
	const one = async <K extends keyof T>(name: K) => {
		done[name] = await parts[name]();
	};
	const names = Object.keys(parts) as (keyof T)[];
	await Promise.all(names.map(one));
	return done as T;
}
