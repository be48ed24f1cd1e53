import { expect, test } from "vitest";
import { readSnapshotRequest } from "../../../lambda/domain/request.ts";
import type { Snapshot } from "../../../lambda/domain/snapshot.ts";
import type { Ports } from "../../../lambda/workflow/ports.ts";
import { runTarget } from "../../../lambda/workflow/target.ts";
import { countingSteps } from "../../harness/counting-steps.ts";
import { DEFAULT_PORTS } from "../../harness/ports.ts";

const START = Date.parse("2026-10-24T02:00:00Z");
const HOUR = 3_600_000;
const TARGET = { projectId: "32b6e34b3d91647abb20e7b8", clusterName: "c" };

/** What a run counts as late, of a snapshot that lasts so many hours beside a deadline of one. */
async function counted(hours: number) {
	const engine = countingSteps(START);
	const counts: { readonly change: number; readonly at: number; readonly saidAt: number }[] = [];
	const snapshot = (): Snapshot => ({
		id: Math.floor(START / 1000)
			.toString(16)
			.padEnd(24, "0"),
		status: engine.now() - START >= hours * HOUR ? "completed" : "inProgress",
	});
	const ports: Ports = {
		...DEFAULT_PORTS,
		now: engine.now,
		countLate: (change, at) => void counts.push({ change, at, saidAt: engine.now() }),
		takeSnapshot: async () => snapshot(),
		readSnapshot: async () => snapshot(),
		listSnapshots: async () => [],
		readCluster: async () => ({ name: "c" }),
		listClusters: async () => [],
		listProjects: async () => [],
		publish: async () => undefined,
	};
	const request = readSnapshotRequest({ ...TARGET, deadlineMinutes: 60 });
	const run = { run: "http-1", trigger: "http", requestedBy: "local", request } as const;
	await runTarget({
		...{ ports, steps: engine, run, target: TARGET, startedAt: START, firstPollSeconds: 15 },
		onDefect(error) {
			throw error;
		},
	});
	return { counts, endedAt: engine.now() };
}

test.each([[3], [20], [70]])(
	"a snapshot of %i hours is late from its deadline to its end, and then no more",
	async (hours) => {
		const { counts, endedAt } = await counted(hours);
		const standing = (moment: number, since: number) =>
			counts.filter(({ at, saidAt }) => saidAt <= moment && at >= since).reduce((sum, { change }) => sum + change, 0);

		for (let moment = START + HOUR; moment < endedAt; moment += HOUR / 4) {
			// An alarm that looks back one day.
			expect(standing(moment, moment - 24 * HOUR)).toBeGreaterThan(0);
		}
		const left = Object.values(Object.groupBy(counts, ({ at }) => at)).map((group = []) =>
			group.reduce((sum, { change }) => sum + change, 0),
		);
		expect(new Set(left)).toEqual(new Set([0]));
	},
);

test("a snapshot that ends in time is never late", async () => {
	expect((await counted(0.9)).counts).toEqual([]);
});
