import { takeSnapshot } from "../atlas/index.ts";
import type { SimulatedCluster, SimulatedSnapshot } from "../atlas/state/model.ts";
import { objectId } from "../atlas/state/projects.ts";
import { hasUnfinishedOnDemand } from "../atlas/state/snapshots.ts";
import type { AtlasState } from "../atlas/state/state.ts";
import type { Other } from "./plan.ts";

/** Where snapshots are planted. */
export interface PlantingPlace {
	/** The run's cluster of a number, modulo theirs; `undefined` where it can have no snapshot. */
	readonly cluster: (index: number) => SimulatedCluster | undefined;
	/** Ids of snapshots that no run of ours asked for. */
	readonly planted: Set<string>;
}

/** Plants snapshots of others, of any age, among those of the run. */
export function plantOtherSnapshots(
	others: readonly Other[],
	atlas: AtlasState,
	{ cluster, planted }: PlantingPlace,
	count: (name: string) => void,
) {
	const describe = (other: Other, mark: string) => {
		if (other.marker === "none") return "by hand";
		return other.marker === "this run" ? `campaign${mark}` : "campaign [run:0123456789abcdef]";
	};
	const plant = (other: Other, mark: string) => {
		const where = cluster(other.cluster);
		const { seconds, ending, snapshotType, age } = other;
		const now = atlas.now();
		const running = age < seconds;
		if (!where || (running && snapshotType !== "scheduled" && hasUnfinishedOnDemand(where, now))) return;
		const description = describe(other, mark);
		const taken = takeSnapshot(atlas, where, {
			description,
			retentionInDays: 30,
			plan: { seconds, ending, snapshotType },
		});
		const requestedAt = now - age * 1000;
		const aged: SimulatedSnapshot = { ...taken, id: objectId(requestedAt), requestedAt };
		where.snapshots.splice(where.snapshots.indexOf(taken), 1, aged);
		planted.add(aged.id);
		const kind = other.marker === "none" ? snapshotType : `${snapshotType}, marker of ${other.marker}`;
		count(`conflict: ${running ? "running" : "ended"}, ${kind}`);
	};
	let begun = false;
	return {
		/** @param nth number of the request, from 1; before the first, what is older than the run is planted */
		meet(nth: number, mark: string): void {
			if (!begun && mark !== "") {
				begun = true;
				for (const other of others) if (other.beforeRequest === 0) plant(other, mark);
			}
			for (const other of others) if (other.beforeRequest === nth) plant({ ...other, age: 0 }, mark);
		},
		/** A completed snapshot that nobody asked about. */
		otherSnapshot: () => ({
			id: objectId(atlas.now() - 1000),
			status: "completed",
			snapshotType: "onDemand",
			type: "replicaSet",
			description: "by hand",
		}),
	};
}
