import { describe, expect, test } from "vitest";
import { campaign } from "./campaign.ts";

describe("promises 1 to 3 and 7 hold whatever breaks", () => {
	test("200 runs with lost replies, conflicts, rotated keys and killed processes break no promise", async () => {
		const { runs, duplicates, falseSuccesses, lost, leaks, failures, counts } = await campaign({
			runs: 200,
			seed: 1,
			processes: 2,
		});

		expect(failures).toEqual([]);
		expect({ runs, duplicates, falseSuccesses, lost, leaks }).toEqual({
			runs: 200,
			duplicates: 0,
			falseSuccesses: 0,
			lost: 0,
			leaks: 0,
		});
		// What is not met is not proven.
		expect(counts).toMatchObject({
			"provenance recovered": expect.any(Number),
			"provenance adopted": expect.any(Number),
			"kill: with a take on the wire, carried out": expect.any(Number),
			"kill: with a take on the wire, never arrived": expect.any(Number),
			"state COMPLETED": expect.any(Number),
			"keys rotated": expect.any(Number),
		});
	}, 120_000);
});
