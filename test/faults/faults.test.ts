import { describe, expect, test } from "vitest";
import { campaign } from "./campaign.ts";

describe("the promises hold whatever breaks, for however long", () => {
	test("200 runs with outages, lost replies, conflicts, rotated keys, frozen and killed processes break no promise", async () => {
		const { runs, found, failures, counts } = await campaign({ runs: 200, seed: 1, processes: 2 });
		// Simulated time moves on after some quiet turns of the event loop, which on a busy machine may come too early. So
		// what was only told late counts where it is late again in a run of its own; everything else counts at once.
		const again = await Promise.all(
			failures.map(async (failure) => {
				const onlyLate = failure.findings.every(({ kind }) => kind === "late notice");
				return onlyLate ? (await campaign({ runs: 1, seed: failure.seed, processes: 1 })).failures : [failure];
			}),
		);

		expect(again.flat()).toEqual([]);
		expect({ runs, ...found, lateNotices: 0 }).toEqual({
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
});
