import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { buildFunctions } from "../../infra/build.ts";
import { type ColdStart, coldStart } from "./cold-start.ts";
import { type Cost, cost } from "./cost.ts";
import { type FanOut, fanOut } from "./fan-out.ts";
import { type Follow, follow } from "./follow.ts";
import { type Learned, type LearnedFigures, learned as learnedFigures } from "./learned.ts";
import { type Memory, memory } from "./memory.ts";
import { type Requests, requests } from "./requests.ts";
import { type TriggerCall, triggerCall } from "./trigger.ts";

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
