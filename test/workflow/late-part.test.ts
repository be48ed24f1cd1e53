import { expect, test } from "vitest";
import type { Run } from "../../lambda/domain/run.ts";
import type { RunInput } from "../../lambda/workflow/parts.ts";
import { startHarness } from "../harness/harness.ts";

/** Carries out a part of a run that began so many minutes ago, under a deadline of an hour. */
async function carryOutPart(minutesAgo: number) {
	await using harness = await startHarness();
	const targets = ["prod-a", "prod-b"].map((clusterName) => ({ projectId: harness.atlas.projectId, clusterName }));
	const part: RunInput["part"] = { targets, startedAt: Date.now() - minutesAgo * 60_000 };

	const { status, result } = await harness.runRequest({ clusters: "all", deadlineMinutes: 60 }, {
		part,
	} as Partial<Run>);

	const asked = harness.atlas.log.filter(({ kind }) => kind === "take").length;
	const told = harness.published().map(({ clusterName, state, reason }) => `${clusterName} ${state} ${reason?.code}`);
	return { status, asked, told: told.sort(), states: result.targets.map(({ state }) => state) };
}

test.each([60, 61, 3 * 24 * 60])(
	"3.1: a part that begins after the deadline, by %i minutes, asks for nothing",
	async (minutes) => {
		expect(await carryOutPart(minutes)).toEqual({
			status: "FAILED",
			asked: 0,
			told: ["prod-a REFUSED DEADLINE", "prod-b REFUSED DEADLINE"],
			states: ["REFUSED", "REFUSED"],
		});
	},
);

test("and one that begins before it asks once for each", async () => {
	expect(await carryOutPart(50)).toMatchObject({ status: "SUCCEEDED", asked: 2, states: ["COMPLETED", "COMPLETED"] });
});
