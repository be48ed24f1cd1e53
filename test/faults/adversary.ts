import { type AtlasSimulator, takeSnapshot } from "../../local/atlas/index.ts";
import type { Cluster } from "../../local/atlas/world/model.ts";
import { isTaking } from "../../local/atlas/world/taking.ts";
import type { World } from "../../local/atlas/world/world.ts";
import type { Fault as AwsFault } from "../../local/aws/faults.ts";
import type { Plan } from "./plan.ts";
import type { Fate } from "./sandbox.ts";
import { nameAtlasTrouble, nameAwsTrouble, nameKill } from "./tally.ts";

type AtlasActions = ReturnType<AtlasSimulator["faults"]["meet"]>;

/** Does to a run what its plan says, at each point where something can be done to it. */
export interface Adversary {
	/** What the function's process does at its next checkpoint. */
	readonly atCheckpoint: () => Fate;
	/**
	 * Before Atlas carries out a request.
	 *
	 * @param kill kills the process that sent it
	 * @param rotateKeys puts new keys in place of the old ones
	 * @returns what is done to the request
	 */
	readonly onAtlasRequest: (kind: string, kill: () => void, rotateKeys: () => void) => AtlasActions;
	/** @returns what is done to the call */
	readonly onAwsCall: (operation: string) => AwsFault | undefined;
}

/**
 * Begins with the snapshots of others that are there before the run.
 *
 * @param cluster the run's cluster of a number, modulo theirs
 * @param count told the name of everything that is done
 */
export function createAdversary(
	plan: Plan,
	world: World,
	cluster: (index: number) => Cluster,
	count: (name: string) => void,
): Adversary {
	let checkpoints = 0;
	let requests = 0;
	const seen = new Map<string, number>();
	const next = (kind: string): number => {
		const nth = (seen.get(kind) ?? 0) + 1;
		seen.set(kind, nth);
		return nth;
	};
	const occupy = (moment: number) => {
		for (const other of plan.others.filter(({ beforeRequest }) => beforeRequest === moment)) {
			const where = cluster(other.cluster);
			if (isTaking(where, world.now())) continue;
			const { seconds, ending } = other;
			takeSnapshot(world, where, { description: "by hand", retentionInDays: 7, plan: { seconds, ending } });
			if (moment === 0) world.advance(other.age);
			count(`conflict: another's snapshot ${moment === 0 ? (other.age ? "in progress" : "queued") : "meanwhile"}`);
		}
	};
	occupy(0);
	return {
		atCheckpoint() {
			checkpoints++;
			const kill = plan.kills.find((one) => one.at === "checkpoint" && one.nth === checkpoints);
			if (kill?.at !== "checkpoint") return "lives";
			count(nameKill(kill));
			return kill.how;
		},
		onAtlasRequest(kind, killProcess, rotateKeys) {
			requests++;
			occupy(requests);
			if (plan.rotateBefore === requests) {
				rotateKeys();
				count("keys rotated");
			}
			const nth = next(kind);
			const kill = plan.kills.find((one) => one.at === "request" && one.kind === kind && one.nth === nth);
			if (kill?.at === "request") {
				killProcess();
				count(nameKill(kill));
				return [{ type: "drop", when: kill.carriedOut ? "after" : "before" }];
			}
			const met = plan.atlas.find((one) => one.kind === kind && isMet(one, nth));
			if (!met) return [];
			count(nameAtlasTrouble(met));
			return [met.action] as AtlasActions;
		},
		onAwsCall(operation) {
			const nth = next(operation);
			const met = plan.aws.find((one) => one.operation === operation && isMet(one, nth));
			if (met) count(nameAwsTrouble(met));
			return met?.fault;
		},
	};
}

const isMet = ({ nth, times }: { readonly nth: number; readonly times: number }, now: number): boolean =>
	now >= nth && now < nth + times;
