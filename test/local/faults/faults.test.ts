import { spawn } from "node:child_process";
import { describe, expect, test } from "vitest";
import { campaign } from "../../../local/faults/campaign.ts";

describe("the promises hold whatever breaks, for however long", () => {
	test("200 runs with outages, lost replies, conflicts, rotated keys, frozen and killed processes break no promise", async () => {
		const { runs, found, failures, counts } = await campaign({ runs: 200, seed: 1, processes: 2 });

		expect(failures).toEqual([]);
		expect({ runs, ...found }).toEqual({
			runs: 200,
			duplicates: 0,
			falseSuccesses: 0,
			lost: 0,
			leaks: 0,
			lateAsks: 0,
			lateNotices: 0,
			undercutRetryAfter: 0,
			operationsExceeded: 0,
			unheard: 0,
		});
		// What is not met is not proven.
		expect(counts).toMatchObject({
			"provenance recovered": expect.any(Number),
			"provenance adopted": expect.any(Number),
			"strike: dies with a take on the wire, carried out": expect.any(Number),
			"strike: freezes with a take on the wire, never arrived": expect.any(Number),
			"platform: an invocation comes late": expect.any(Number),
			"state COMPLETED": expect.any(Number),
			"state LATE": expect.any(Number),
			"keys rotated": expect.any(Number),
		});
	}, 180_000);

	test("a seed is the same run to the millisecond, first or after others, on an idle machine or a busy one", async () => {
		const scope = { runs: 12, seed: 1 };
		const idle = await campaign({ ...scope, processes: 1 });
		const loops = Array.from({ length: 2 }, () => spawn(process.execPath, ["-e", "for (;;);"]));
		const busy = await campaign({ ...scope, processes: 3 }).finally(() => {
			for (const loop of loops) loop.kill();
		});

		expect(Object.keys(idle.records)).toHaveLength(scope.runs);
		expect(busy.records).toEqual(idle.records);
	}, 180_000);
});
