import type { ExpectedDuration } from "../../lambda/domain/expectation.ts";
import { readSnapshotConfig } from "../../lambda/handlers/config.ts";
import { countOperations } from "../../lambda/workflow/operations.ts";
import { pollSnapshot } from "../../lambda/workflow/poll.ts";
import type { Ports } from "../../lambda/workflow/ports.ts";
import type { DurableSteps } from "../../lambda/workflow/steps.ts";
import type { TargetContext } from "../../lambda/workflow/target-context.ts";
import type { Counted } from "./counted.ts";
import { runChild } from "./process.ts";
import { rounded } from "./statistics.ts";

/** Seconds before the first look, as the stack deploys the function. */
export const FIRST_POLL_SECONDS = readSnapshotConfig({
	ATLAS_SECRET_ID: "unused",
	EVENT_BUS_NAME: "unused",
}).FIRST_POLL_SECONDS;

export const HOUR = 3600;
const DAY = 24 * HOUR;

/** How a snapshot's end was noticed. */
export interface Noticed {
	readonly polls: number;
	/** (noticed − ended) ÷ duration. */
	readonly delayShare: number;
}

export interface Follow {
	readonly hour: Noticed;
	/** Worst over the phases, with the durable operations of the whole target. */
	readonly day: Noticed & { readonly operations: number };
	readonly peers: Readonly<Record<string, { readonly hour: Noticed; readonly day: Noticed }>>;
}

/** @param phases of the jitter that are gone through */
export async function follow(phases: number): Promise<Follow> {
	const day = await worst(DAY, phases);
	const real = await runChild<Counted>("run-one.ts", [String(DAY)]);
	return {
		hour: await worst(HOUR, phases),
		day: { ...day, operations: real.operations - real.polls + day.polls },
		peers: {
			"atlas snapshots watch (4 s)": { hour: shown(peer(HOUR, 4, 4)), day: shown(peer(DAY, 4, 4)) },
			"terraform (60 s, then 60 s)": { hour: shown(peer(HOUR, 60, 60)), day: shown(peer(DAY, 60, 60)) },
		},
	};
}

/** The most polls and the longest delay over so many phases: each snapshot id has a jitter of its own. */
async function worst(seconds: number, phases: number): Promise<Noticed> {
	let [polls, delayShare] = [0, 0];
	for (let phase = 0; phase < phases; phase++) {
		const noticed = await followFor(seconds, phase.toString(16).padStart(24, "0"));
		polls = Math.max(polls, noticed.polls);
		delayShare = Math.max(delayShare, noticed.delayShare);
	}
	return { polls, delayShare: rounded(delayShare, 4) };
}

/**
 * The story's own following, with a clock that a sleep moves.
 *
 * @param seconds from the request to the snapshot's end
 * @param expectation of that, where there is one
 */
export async function followFor(seconds: number, id: string, expectation?: ExpectedDuration): Promise<Noticed> {
	let now = 0;
	let polls = 0;
	const ports: Pick<Ports, "now" | "readSnapshot" | "countLate"> = {
		now: () => now,
		countLate: () => {},
		readSnapshot: async () => {
			polls++;
			return { id, status: now >= seconds * 1000 ? "completed" : "inProgress" };
		},
	};
	const engine: Pick<DurableSteps, "until"> = {
		until: async (_name, initial, check, next) => {
			let state = await check(initial);
			for (let wait = next(state); wait !== "stop"; wait = next(state)) {
				now += wait * 1000;
				state = await check(state);
			}
			return state;
		},
	};
	const bounds = {
		startedAt: 0,
		since: 0,
		seenAt: 0,
		hardLimitAt: 3 * DAY * 1000,
		firstPollSeconds: FIRST_POLL_SECONDS,
		expectation,
	};
	const context = {
		ports,
		steps: countOperations(engine as DurableSteps),
		target: { projectId: "", clusterName: "" },
	} as unknown as TargetContext;
	const queued = { id, status: "queued" };
	await pollSnapshot(context, "follow-snapshot", queued, bounds, (_reason, at) => at);
	return { polls, delayShare: (now / 1000 - seconds) / seconds };
}

/**
 * Somebody who looks at a fixed beat. Their worst case: the snapshot ends just after a look.
 *
 * @see atlas-cli, `backups snapshots watch`; terraform-provider-mongodbatlas, `cloud_backup_snapshot` (StateChangeConf)
 */
export function peer(seconds: number, first: number, beat: number): Noticed {
	const polls = Math.ceil((seconds - first) / beat) + 1;
	return { polls, delayShare: beat / seconds };
}

const shown = ({ polls, delayShare }: Noticed): Noticed => ({ polls, delayShare: rounded(delayShare, 4) });
