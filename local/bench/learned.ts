import { predictDuration } from "../../lambda/domain/expectation.ts";
import type { Snapshot } from "../../lambda/domain/snapshot.ts";
import { followFor, HOUR, type Noticed } from "./follow.ts";
import { rounded } from "./statistics.ts";

/** What earlier snapshots of a cluster tell, and how a snapshot then differs from them. */
export interface History {
	/** Standard deviation of the durations' logarithm: of the earlier ones, and of the one that is followed. */
	readonly spread: number;
	/** How many times the usual time the one that is followed takes: where data was doubled or halved. */
	readonly times?: number;
}

export const HISTORIES = {
	spread5: { spread: 0.05 },
	spread20: { spread: 0.2 },
	spread50: { spread: 0.5 },
	doubled: { spread: 0.05, times: 2 },
	halved: { spread: 0.05, times: 0.5 },
} as const satisfies Record<string, History>;

/** Means over the draws. */
export interface Learned {
	readonly hour: Noticed;
	readonly twentyMinutes: Noticed;
}

export type LearnedFigures = Readonly<Record<keyof typeof HISTORIES, Learned>>;

/** @param draws histories and durations that are gone through for each figure */
export async function learned(draws: number): Promise<LearnedFigures> {
	const figures: Partial<Record<keyof typeof HISTORIES, Learned>> = {};
	for (const name of Object.keys(HISTORIES) as (keyof typeof HISTORIES)[]) {
		const history = HISTORIES[name];
		figures[name] = { hour: await mean(HOUR, history, draws), twentyMinutes: await mean(HOUR / 3, history, draws) };
	}
	return figures as LearnedFigures;
}

/** Snapshots that take `usual` seconds more or less, each after ten others of its cluster. */
export async function mean(
	usual: number,
	{ spread, times = 1 }: History,
	draws: number,
	earlier = 10,
): Promise<Noticed> {
	const random = drawFrom(1);
	const durationOf = (seconds: number) => Math.max(20, seconds * Math.exp(spread * gauss(random)));
	let [polls, delayShare] = [0, 0];
	for (let draw = 0; draw < draws; draw++) {
		const history = Array.from({ length: earlier }, (_, day) => snapshotOf(day, durationOf(usual)));
		const id = draw.toString(16).padStart(24, "0");
		const noticed = await followFor(durationOf(usual * times), id, predictDuration(history));
		polls += noticed.polls;
		delayShare += noticed.delayShare;
	}
	return { polls: rounded(polls / draws, 1), delayShare: rounded(delayShare / draws, 4) };
}

/** A completed snapshot as Atlas lists it: kept for a week from its end on, its data cut a while before that. */
function snapshotOf(day: number, seconds: number): Snapshot {
	const requestedAt = 1_760_000_000 + day * 86_400;
	const time = (at: number) => new Date(Math.round(at) * 1000).toISOString();
	return {
		id: `${requestedAt.toString(16)}${"0".repeat(16)}`,
		status: "completed",
		snapshotType: "onDemand",
		createdAt: time(requestedAt + seconds * 0.55),
		expiresAt: time(requestedAt + seconds + 7 * 86_400),
	};
}

/** Fractions from 0 to below 1, the same for the same seed (mulberry32). */
function drawFrom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let bits = Math.imul(state ^ (state >>> 15), 1 | state);
		bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
		return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Normally distributed around 0, by 1 (Box and Muller). */
const gauss = (random: () => number): number =>
	Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
